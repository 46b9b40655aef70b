-- Grants :from to :to, in use; one of twenty still has its code, which is good for as long as the grant is.
set session_replication_role = replica;
insert into grants (id, client_id, subject, fingerprint, redirect_uri, code_challenge, scope, resources, offline, created_at, expires_at,
                    code_hash, code_expires_at, activated_at, family_hash, refresh_hash, idle_until)
select bench.uuid(moment, md5('grant ' || i::text)), bench.client_id(c), bench.subject(bench.person_of(i, people)),
       sha256(('request ' || i::text)::bytea), 'http://127.0.0.1/callback', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
       array[bench.scope(c)], array[bench.resource(c)], true, bench.at(moment), bench.at(moment) + interval '90 days',
       sha256('\x01' || secret), bench.at(moment) + interval '90 days', case when not code then bench.at(moment) end,
       case when not code then sha256(bench.family(i)) end, case when not code then sha256('\x02' || secret) end,
       case when not code then bench.at(moment) + interval '90 days' end
  from (select i, people, bench.client_of(i, clients) as c, bench.moment(i, grants, 60, began) as moment, bench.has_code(i) as code,
               bench.secret(i) as secret
          from bench.world, generate_series(:from::bigint, :to - 1) i offset 0) as numbered;
