-- A person's app without a single grant has no tokens: that it went is told to nobody. Before, strangers could fill the feed of every
-- resource server with documents that come and go. A grant that goes with its client has an entry of its own (grants_feed_delete).
create or replace function clients_feed() returns trigger language plpgsql as $$
declare
    hour     constant interval := interval '1 hour';
    had      text[];
    concerns text[];
begin
    if tg_op <> 'INSERT' then had := array_remove(old.resources || old.default_resource, null); end if;
    if tg_op <> 'INSERT' and old.enabled and (tg_op = 'DELETE' or not new.enabled or new.client_id <> old.client_id) then
        -- A renamed client's grants have its new name already.
        select array_agg(distinct uri) into concerns from (
            select unnest(had)
            union all select unnest(resources) from grants where client_id in (old.client_id, new.client_id)
            union all select unnest(audiences) from revocation_feed where kind = 'client_id' and value = old.client_id and leaves_at > now()
        ) as known (uri);
        if concerns is not null or old.kind <> 'user-facing' then
            perform revocation_feed_add('client_id', old.client_id, concerns, now() + hour);
        end if;
    elsif tg_op = 'UPDATE' and not had <@ (new.resources || new.default_resource) then
        perform revocation_feed_add('client_id', old.client_id, had, now() + hour, held => true);
    end if;
    if tg_op <> 'DELETE' and new.enabled and (tg_op = 'INSERT' or not old.enabled or new.client_id <> old.client_id)
       and exists (select from revocation_feed where kind = 'client_id' and value = new.client_id and not held and leaves_at > now()) then
        perform revocation_feed_add('client_id', new.client_id, null, now());
    end if;
    return null;
end $$;
