-- Rows :from to :to of the audit log, into :part. Four of ten are tokens of one client, nightly-etl.
insert into :part (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, actor, error, rule, reason, detail)
select bench.at(moment), request,
       case when k < 92 or k = 96 then 'token' when k < 94 then 'code' when k < 96 then 'sign-in' when k = 97 then 'registration'
            when k = 98 then 'revocation' else 'edit' end,
       case when k in (95, 96) then 'refused' else 'ok' end,
       case when k < 80 then machine when k not in (94, 95) then app end,
       case when k < 80 then machine when k not in (97, 99) then person end,
       case when k between 80 and 93 or k in (96, 98) then bench.grant_id(g, grants, began) end,
       case when k < 92 then substr(request, 1, 8) || substr(md5('jti ' || i::text), 1, 14) end,
       '192.0.2.' || (i % 250)::text, case when k = 99 then 'admin:olivia' end,
       case when k = 95 then 'access_denied' when k = 96 then 'invalid_grant' end, case when k = 96 then 'RFC 9700 §4.14.2' end,
       case when k = 95 then 'wrong password' when k = 96 then 'a superseded refresh token was used' end,
       case when k < 80 then 'client_credentials scope=' || bench.scope(i) || ' resource=' || bench.resource(i)
            when k < 92 then 'refresh_token scope=' || bench.scope(i) || ' resource=' || bench.resource(i)
            when k < 94 then 'scope=' || bench.scope(i) || ' resource=' || bench.resource(i) || ' consent given'
            when k = 94 then 'password' when k = 96 and i % 1000 = 96 then 'refresh_reused'
            when k = 97 then 'registered user-facing none scope= redirect_uris=http://127.0.0.1/callback'
            when k = 98 then 'by the person: the grant and its tokens' when k = 99 then 'update clients: name' end
  from (select i, k, g, moment, grants, began,
               translate(encode(substr(int8send(moment), 3) || substr(sha256(('request ' || i::text)::bytea), 1, 9), 'base64'), '+/', '-_')
                   as request,
               case when k < 40 then 'nightly-etl' else bench.client_id(g % clients / 20 * 20 + 16 + g % 3) end as machine,
               bench.client_id(bench.client_of(g, clients)) as app, bench.subject(bench.person_of(g, people))::text as person
          from (select i, i % 100 as k, abs(hashint8(i)::bigint) % grants as g, bench.moment(i, audit, 90, began) as moment, w.*
                  from bench.world w, generate_series(:from::bigint, :to - 1) i offset 0) as numbered offset 0) as drawn;
