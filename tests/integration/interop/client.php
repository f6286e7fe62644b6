<?php
// php-memcached's side: the same commands and answers as client.cpp.

function value_of(string $author, string $key, int $i): string {
    return $author . ':' . $key . ':' . str_repeat('x', $i % 97);
}

$client = new Memcached();
// The two options that make it agree with pylibmc's ketama_weighted; the second one turns the
// first one's ring weighted, so their order does not matter, but servers come after them.
$client->setOption(Memcached::OPT_LIBKETAMA_COMPATIBLE, true);
$client->setOption(Memcached::OPT_BINARY_PROTOCOL, true);
$client->setOption(Memcached::OPT_COMPRESSION, false);
foreach (explode(',', $argv[1]) as $server) {
    [$host, $port, $weight] = explode(':', $server);
    $client->addServer($host, (int)$port, (int)$weight);
}

while (($line = fgets(STDIN)) !== false) {
    $words = explode(' ', trim($line));
    $verb = array_shift($words);
    if ($verb !== 'write' && $verb !== 'read') {
        exit(2);
    }
    [$author, $prefix, $count] = [$words[0], $words[1], (int)$words[2]];
    $keys = [];
    for ($i = 0; $i < $count; ++$i) {
        $keys[] = $prefix . $i;
    }
    if ($verb === 'write') {
        $written = 0;
        foreach ($keys as $i => $key) {
            $written += $client->set($key, value_of($author, $key, $i)) ? 1 : 0;
        }
        echo "written $written\n";
    } else {
        $right = 0;
        $found = $client->getMulti($keys) ?: [];
        foreach ($keys as $i => $key) {
            $right += ($found[$key] ?? null) === value_of($author, $key, $i) ? 1 : 0;
        }
        echo "right $right wrong ", count($found) - $right, " missing ", $count - count($found),
            " errors 0\n";
    }
}
