-- Clients :from to :to. Machines and resource servers have the secret of the demo's nightly-etl.
set session_replication_role = replica;
insert into clients (client_id, kind, name, origin, redirect_uris, scopes, resources, default_resource, grant_types, auth_method,
                     refresh_token_seconds, created_at, last_used_at)
select bench.client_id(i), kind, (array['Notes', 'Calendar', 'Editor', 'Terminal', 'Mail', 'Shell', 'Board', 'Desk', 'Graph', 'Ledger'])
           [1 + i % 10] || ' ' || i,
       case when i % 20 < 14 then 'self-registered' else 'operator' end,
       case kind when 'user-facing' then '{http://127.0.0.1/callback}'::text[] else '{}' end,
       case kind when 'resource-server' then '{}' else array[bench.scope(i)] end,
       array[bench.resource(i)], bench.resource(i),
       case kind when 'user-facing' then '{authorization_code,refresh_token}'::text[] when 'machine' then '{client_credentials}'
                 else '{}' end,
       case kind when 'user-facing' then 'none' else 'client_secret_basic' end,
       7776000, w.began - interval '365 days' * (1 - i / w.clients::float8), w.began - interval '1 day' * (i % 60)
  from bench.world w, generate_series(:from::bigint, :to - 1) i,
       lateral (select case when i % 20 < 16 then 'user-facing' when i % 20 < 19 then 'machine' else 'resource-server' end as kind) as k;
insert into registrations (client_id, token_hash, scope, issued_at, seen_at)
select bench.client_id(i), sha256(('registration ' || i)::bytea), '{}',
       w.began - interval '365 days' * (1 - i / w.clients::float8), w.began - interval '365 days' * (1 - i / w.clients::float8)
  from bench.world w, generate_series(:from::bigint, :to - 1) i where i % 20 < 14;
insert into client_secrets (client_id, hash, label, not_before, expires_at)
select bench.client_id(i), (select hash from client_secrets where client_id = 'nightly-etl'), 'first', w.began - interval '365 days',
       case when i % 3 = 0 then w.began + interval '1 day' * (10 + i % 355) end
  from bench.world w, generate_series(:from::bigint, :to - 1) i where i % 20 >= 16;
