/* The native half of KmcRing.java. */
#include <jni.h>
#include <stdint.h>

#include "kmc_ring.h"

static kmc_ring* ring_of(jlong handle) {
    return (kmc_ring*)(intptr_t)handle;
}

static void throw_new(JNIEnv* env, const char* name, const char* text) {
    const jclass type = (*env)->FindClass(env, name);
    if (type != NULL) (*env)->ThrowNew(env, type, text);
}

JNIEXPORT jlong JNICALL Java_KmcRing_open(JNIEnv* env, jclass type, jstring file) {
    (void)type;
    const char* const path = (*env)->GetStringUTFChars(env, file, NULL);
    if (path == NULL) return 0;
    kmc_ring* const ring = kmc_ring_open_ketama_file(NULL, NULL, path);
    (*env)->ReleaseStringUTFChars(env, file, path);
    if (ring == NULL) throw_new(env, "java/lang/IllegalArgumentException", kmc_ring_error());
    return (jlong)(intptr_t)ring;
}

JNIEXPORT jstring JNICALL Java_KmcRing_server(JNIEnv* env, jclass type, jlong handle,
                                              jbyteArray key) {
    (void)type;
    const jsize size = (*env)->GetArrayLength(env, key);
    jbyte* const bytes = (*env)->GetByteArrayElements(env, key, NULL);
    if (bytes == NULL) return NULL;
    const kmc_ring* const ring = ring_of(handle);
    const uint32_t server = kmc_ring_locate(ring, (const char*)bytes, (size_t)size);
    (*env)->ReleaseByteArrayElements(env, key, bytes, JNI_ABORT);
    return (*env)->NewStringUTF(env, kmc_ring_server_name(ring, server));
}

JNIEXPORT void JNICALL Java_KmcRing_close(JNIEnv* env, jclass type, jlong handle) {
    (void)env;
    (void)type;
    kmc_ring_close(ring_of(handle));
}
