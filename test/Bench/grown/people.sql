-- People :from to :to, and a session of every fourth. All have the demo's olivia's password.
set session_replication_role = replica;
insert into users (subject, username, password_hash, created_at)
select bench.subject(i), 'person-' || lpad(i::text, 7, '0'), (select password_hash from users where username = 'olivia'),
       w.began - interval '365 days' * (1 - i / w.people::float8)
  from bench.world w, generate_series(:from::bigint, :to - 1) i;
insert into sessions (id_hash, subject, authenticated_at, last_seen_at, expires_at, address, user_agent)
select sha256(('session ' || i)::bytea), bench.subject(i), w.began, w.began, w.began + interval '7 days', '192.0.2.1', 'Mozilla/5.0'
  from bench.world w, generate_series(:from::bigint, :to - 1) i where i % 4 = 0;
