-- Grants of a kind become as they were seeded, and the file of the load gets a line for each: client id, token. The :count numbers from
-- :from on are spread over all: a step that has no factor in common with their count meets each once.
-- :family: refresh tokens, else codes. :hot: those of one grant in a hundred, else all others.
create temp table chosen as
select i, bench.grant_id(i, grants, began) as id, bench.client_id(bench.client_of(i, clients)) as client_id, bench.secret(i) as secret,
       bench.family(i) as family
  from (select w.*, (k * 7919) % (grants / 100) * 100 as hundred, k
          from bench.world w, generate_series(:from::bigint, :from + :count - 1) k) as spread,
       lateral (select hundred + case when :hot then case when :family then 0 else 7 end
                                      when :family then 1 + k / (grants / 100) % 5
                                      else 27 + k / (grants / 100) % 4 * 20 end as i) as numbered;
update grants g
   set family_hash = case when :family then sha256(c.family) end, refresh_hash = case when :family then sha256('\x02' || c.secret) end,
       previous_hash = null, successor_sealed = null, generation = 0, rotated_at = null, wrong_verifiers = 0, ended_at = null,
       ended_reason = null, activated_at = case when :family then g.created_at end,
       idle_until = case when :family then g.expires_at end
  from chosen c
 where g.id = c.id and :armed and (g.generation > 0 or not :family and g.activated_at is not null);
checkpoint;
select client_id || ' ' || translate(encode(case when :family then '\x02' || uuid_send(id) || int4send(0) || family || secret
                                                 else '\x01' || uuid_send(id) || secret end, 'base64'), E'+/=\n', '-_')
  from chosen;
