/* The native half of KmcRing.java. */
#include <jni.h>
#include <stdint.h>
#include <string.h>

#include "kmc_ring.h"

static kmc_ring* ring_of(jlong handle) {
    return (kmc_ring*)(intptr_t)handle;
}

static void throw_new(JNIEnv* env, const char* name, const char* text) {
    const jclass type = (*env)->FindClass(env, name);
    if (type != NULL) (*env)->ThrowNew(env, type, text);
}

JNIEXPORT jlong JNICALL Java_KmcRing_open(JNIEnv* env, jclass type, jbyteArray file) {
    (void)type;
    jbyte* const path = (*env)->GetByteArrayElements(env, file, NULL);
    if (path == NULL) return 0;
    kmc_ring* const ring = kmc_ring_open_ketama_file(NULL, NULL, (const char*)path);
    (*env)->ReleaseByteArrayElements(env, file, path, JNI_ABORT);
    if (ring == NULL) throw_new(env, "java/lang/IllegalArgumentException", kmc_ring_error());
    return (jlong)(intptr_t)ring;
}

JNIEXPORT jbyteArray JNICALL Java_KmcRing_server(JNIEnv* env, jclass type, jlong handle,
                                                 jbyteArray key) {
    (void)type;
    const jsize size = (*env)->GetArrayLength(env, key);
    jbyte* const bytes = (*env)->GetByteArrayElements(env, key, NULL);
    if (bytes == NULL) return NULL;
    const kmc_ring* const ring = ring_of(handle);
    const uint32_t server = kmc_ring_locate(ring, (const char*)bytes, (size_t)size);
    (*env)->ReleaseByteArrayElements(env, key, bytes, JNI_ABORT);

    const char* const name = kmc_ring_server_name(ring, server);
    const jsize length = (jsize)strlen(name);
    const jbyteArray out = (*env)->NewByteArray(env, length);
    if (out != NULL) (*env)->SetByteArrayRegion(env, out, 0, length, (const jbyte*)name);
    return out;
}

JNIEXPORT void JNICALL Java_KmcRing_close(JNIEnv* env, jclass type, jlong handle) {
    (void)env;
    (void)type;
    kmc_ring_close(ring_of(handle));
}
