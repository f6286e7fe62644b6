<?php
// Where the extension memcache would look for keys. Reads a line of JSON, {"strategy", "function",
// "servers": [[host, port, weight], ...], "keys": [hex, ...]}, and prints a line with the addresses
// that findServer() names. It connects to nothing.

while (($line = fgets(STDIN)) !== false) {
    $asked = json_decode($line, true);
    ini_set('memcache.hash_strategy', $asked['strategy']);
    ini_set('memcache.hash_function', $asked['function']);
    $pool = new MemcachePool();
    foreach ($asked['servers'] as [$host, $port, $weight]) {
        $pool->addServer($host, $port, 0, false, $weight);
    }
    $found = array_map(fn($key) => $pool->findServer(hex2bin($key)), $asked['keys']);
    echo json_encode($found), "\n";
}
