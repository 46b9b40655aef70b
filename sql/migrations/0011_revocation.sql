-- What died before it expired: access tokens revoked one by one, and what resource servers read at /revocations. Triggers write the
-- feed, so that a replayed code, a command, the panel and plain SQL all arrive there.

create table revoked_tokens (
    jti         text primary key,
    client_id   text not null,
    audience    text not null,
    revoked_at  timestamptz not null,
    expires_at  timestamptz not null
);
comment on table revoked_tokens is 'Access tokens revoked one by one (RFC 7009), until they would have expired.';
comment on column revoked_tokens.jti is 'The token''s jti.';
comment on column revoked_tokens.client_id is 'Whose it was.';
comment on column revoked_tokens.audience is 'The resource it was for.';
comment on column revoked_tokens.revoked_at is 'Since when.';
comment on column revoked_tokens.expires_at is 'When the row may go.';
create index revoked_tokens_by_expiry on revoked_tokens (expires_at);

create table revocation_feed (
    id          bigint generated always as identity primary key,
    xid         xid8 not null default pg_current_xact_id(),
    kind        text not null,
    value       text not null,
    audiences   text[],
    held        boolean not null default false,
    expires_at  timestamptz not null,
    leaves_at   timestamptz not null,
    constraint revocation_feed_kind_known check (kind in ('jti', 'grant', 'client_id', 'kid'))
);
comment on table revocation_feed is 'What died before it expired, for resource servers that follow GET /revocations.';
comment on column revocation_feed.id is 'Order within one transaction.';
comment on column revocation_feed.xid is 'The transaction that wrote it: a reader has seen the row exactly if its last snapshot saw this transaction.';
comment on column revocation_feed.kind is 'jti: one token. grant: every token with this grant claim. client_id: every token of this client. kid: every token of this key.';
comment on column revocation_feed.value is 'The jti, grant, client id or key id.';
comment on column revocation_feed.audiences is 'Resources it concerns; null: all.';
comment on column revocation_feed.held is 'Handed to nobody: remembers resources a client lost while its tokens for them may live, should it be disabled then.';
comment on column revocation_feed.expires_at is 'When the last token it can concern expires; in the past: forget what an earlier entry said.';
comment on column revocation_feed.leaves_at is 'When the row may go: a minute after, as verifiers allow a leeway.';
-- Readers follow transactions, not numbers: a number can be taken long before its transaction commits.
create index revocation_feed_by_transaction on revocation_feed (xid, id);
create index revocation_feed_by_leaving on revocation_feed (leaves_at);
create index revocation_feed_of_client on revocation_feed (value) where kind = 'client_id';
create trigger check_lists before insert or update of audiences on revocation_feed for each row execute function check_lists('audiences');

create function revocation_feed_add(kind text, value text, audiences text[], expires timestamptz, held boolean default false) returns void
    language sql set search_path from current as $$
    insert into revocation_feed (kind, value, audiences, held, expires_at, leaves_at)
    values ($1, $2, $3, $5, $4, greatest($4, now() + interval '1 hour') + interval '1 minute');
    select pg_notify('oauth_changes', 'revocations') where not $5;
$$;
comment on function revocation_feed_add(text, text, text[], timestamptz, boolean) is 'Adds an entry and wakes the readers.';

create function revoked_tokens_feed() returns trigger language plpgsql as $$
begin
    perform revocation_feed_add('jti', new.jti, array[new.audience], new.expires_at);
    return null;
end $$;
create trigger revoked_tokens_feed after insert on revoked_tokens for each row execute function revoked_tokens_feed();

-- An hour is the longest life of an access token (clients_lifetimes).
create function grants_feed() returns trigger language plpgsql as $$
begin
    perform revocation_feed_add('grant', old.id::text, old.resources,
        (case when tg_op = 'UPDATE' then new.ended_at else now() end) + interval '1 hour');
    return null;
end $$;
create trigger grants_feed after update of ended_at on grants for each row
    when (old.ended_at is null and new.ended_at is not null) execute function grants_feed();
create trigger grants_feed_delete after delete on grants for each row
    when (old.ended_at is null and old.activated_at is not null and old.expires_at > now()) execute function grants_feed();

-- A client disabled, deleted or renamed. Enabled again (or made again), its tokens live again, as introspection sees them. A
-- person's app without a single grant has no tokens and gets no entry: anonymous clients could otherwise fill the feed of every
-- resource server. A grant that goes with its client has an entry of its own (grants_feed_delete).
create function clients_feed() returns trigger language plpgsql as $$
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
create trigger clients_feed after insert or delete or update of client_id, enabled, resources, default_resource on clients
    for each row execute function clients_feed();

-- keys retire --now: the tokens it signed are dead, and a verifier that has cached the JWKS must hear of it.
create function signing_keys_feed() returns trigger language plpgsql as $$
begin
    perform revocation_feed_add('kid', new.kid, null, new.retired_at + interval '1 hour');
    return null;
end $$;
create trigger signing_keys_feed after update of retired_at on signing_keys for each row
    when (old.retired_at is null and new.retired_at is not null) execute function signing_keys_feed();
