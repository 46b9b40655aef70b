-- A line of signing keys for each algorithm, and what is left of a key that is gone.

comment on table signing_keys is
    'Keys that sign tokens, for each algorithm one after the other: pending until signs_from, active until the next one''s, then retired.';
comment on column signing_keys.sealed is
    'PKCS#8 private key, AES-256-GCM under the key-encryption key. Empty: the key is gone, its public half verifies hints for a time.';
comment on column signing_keys.signs_from is
    'The key signs from then on, until the next one of its algorithm does; the first of its algorithm signs at once.';
