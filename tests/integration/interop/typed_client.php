<?php
// php-memcached's side of the typed interop test: the same commands and answers as
// typed_client.py, with more ways to store an object: igbinary, msgpack, json; and flags of the
// user's own: flagged-int.

$client = new Memcached();
$client->setOption(Memcached::OPT_LIBKETAMA_COMPATIBLE, true);
$client->setOption(Memcached::OPT_BINARY_PROTOCOL, true);
foreach (explode(',', $argv[1]) as $server) {
    [$host, $port, $weight] = explode(':', $server);
    $client->addServer($host, (int)$port, (int)$weight);
}

const SERIALIZERS = [
    'object' => Memcached::SERIALIZER_PHP,
    'igbinary' => Memcached::SERIALIZER_IGBINARY,
    'msgpack' => Memcached::SERIALIZER_MSGPACK,
    'json' => Memcached::SERIALIZER_JSON,
];

function parsed(string $type, string $text): mixed {
    return match ($type) {
        'int', 'flagged-int' => (int)$text,
        'real' => match ($text) { 'inf' => INF, '-inf' => -INF, 'nan' => NAN, default => (float)$text },
        'bool' => $text === 'true',
        'object', 'igbinary', 'msgpack', 'json' => json_decode($text, true),
        default => $text,
    };
}

function told(mixed $value): string {
    $type = match (gettype($value)) {
        'integer' => 'int', 'double' => 'real', 'boolean' => 'bool', 'string' => 'text',
        default => 'object',
    };
    $text = match ($type) {
        'text' => $value,
        'int' => (string)$value,
        default => var_export($value, true),
    };
    return $type . ' ' . bin2hex($text);
}

while (($line = fgets(STDIN)) !== false) {
    $words = explode(' ', trim($line));
    [$verb, $key] = $words;
    if ($verb === 'set') {
        $type = $words[2];
        $client->setOption(Memcached::OPT_COMPRESSION, in_array($type, ['zlib-text', 'fastlz-text']));
        $client->setOption(Memcached::OPT_COMPRESSION_TYPE,
            $type === 'fastlz-text' ? Memcached::COMPRESSION_FASTLZ : Memcached::COMPRESSION_ZLIB);
        $client->setOption(Memcached::OPT_SERIALIZER, SERIALIZERS[$type] ?? Memcached::SERIALIZER_PHP);
        $client->setOption(Memcached::OPT_USER_FLAGS, $type === 'flagged-int' ? 0x1234 : -1);
        $stored = $client->set($key, parsed($type, hex2bin($words[3] ?? '')));
        echo $stored ? "stored\n" : "refused\n";
    } elseif ($verb === 'decr') {
        echo $client->decrement($key), "\n";
    } elseif ($verb === 'get') {
        $value = @$client->get($key);
        $failed = $client->getResultCode() !== Memcached::RES_SUCCESS;
        echo $failed ? 'error' : told($value), "\n";
    } else {
        exit(2);
    }
}
