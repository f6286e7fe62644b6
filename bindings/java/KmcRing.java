import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Where the rings of kmc have the keys of a Java program, by JNI: works on every JDK.
 *
 * <p>{@code java -Djava.library.path=FOLDER KmcRing SERVER_FILE < keys} prints the server of each
 * line of the input. Keys are bytes, as they are for the servers.
 */
public final class KmcRing implements AutoCloseable {
    static {
        System.loadLibrary("kmc_ring_jni");
    }

    private long handle;

    /** @throws IllegalArgumentException if the file makes no ring; its message says why. */
    public KmcRing(String serverFile) {
        if (serverFile.indexOf(0) >= 0) throw new IllegalArgumentException("a zero in a file name");
        handle = open((serverFile + '\0').getBytes(StandardCharsets.UTF_8));
    }

    /**
     * The server of a key, as the file has it. Any number of threads may ask, until one closes it.
     */
    public String server(byte[] key) {
        if (handle == 0) throw new IllegalStateException("the ring is closed");
        return new String(server(handle, Objects.requireNonNull(key)), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        final long closed = handle;
        handle = 0;
        if (closed != 0) close(closed);
    }

    // Texts are bytes here: the text of JNI is a kind of its own, which not every name is.
    private static native long open(byte[] serverFile);

    private static native byte[] server(long ring, byte[] key);

    private static native void close(long ring);

    public static void main(String[] arguments) throws IOException {
        try (KmcRing ring = new KmcRing(arguments[0])) {
            final InputStream in = new BufferedInputStream(System.in);
            final StringBuilder answers = new StringBuilder();
            final ByteArrayOutputStream key = new ByteArrayOutputStream();
            for (int b; (b = in.read()) >= 0; ) {
                if (b != '\n') {
                    key.write(b);
                    continue;
                }
                answers.append(ring.server(key.toByteArray())).append('\n');
                key.reset();
            }
            final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
            out.print(answers);
            out.flush();
        } catch (IllegalArgumentException wrong) {
            System.err.println(wrong.getMessage());
            System.exit(1);
        }
    }
}
