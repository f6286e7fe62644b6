<?php
// Where the rings of kmc have the keys of a PHP program, by FFI: no extension to build.
//
//     php locate.php LIBRARY HEADER SERVER_FILE < keys
//
// prints the server of each line of the input.

final class KmcRing
{
    private FFI $library;
    private FFI\CData $ring;

    public function __construct(string $library, string $header, string $serverFile)
    {
        // FFI reads declarations, and no preprocessor's lines.
        $text = preg_replace('/^#.*$|^extern "C" \{$/m', '', file_get_contents($header));
        $text = preg_replace('/^}$/m', '', $text);
        $this->library = FFI::cdef($text, $library);
        $ring = $this->library->kmc_ring_open_ketama_file(null, null, $serverFile);
        if ($ring === null) {
            throw new RuntimeException($this->library->kmc_ring_error());
        }
        $this->ring = $ring;
    }

    public function __destruct()
    {
        if (isset($this->ring)) {
            $this->library->kmc_ring_close($this->ring);
        }
    }

    public function server(string $key): string
    {
        $number = $this->library->kmc_ring_locate($this->ring, $key, strlen($key));
        return $this->library->kmc_ring_server_name($this->ring, $number);
    }
}

try {
    $ring = new KmcRing($argv[1], $argv[2], $argv[3]);
} catch (RuntimeException $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
while (($line = fgets(STDIN)) !== false) {
    echo $ring->server(rtrim($line, "\n")), "\n";
}
