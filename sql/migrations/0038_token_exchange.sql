-- Token exchange (RFC 8693): which agent may take whose tokens where, and who has acted for whom.

create table exchange_rules (
    id               uuid primary key default gen_random_uuid(),
    actor            text not null references clients on delete cascade on update cascade,
    subject_clients  text[] not null default '{}',
    from_resource    text not null references resources on delete cascade on update cascade,
    resource         text not null references resources on delete cascade on update cascade,
    scopes           text[] not null,
    impersonate      boolean not null default false,
    enabled          boolean not null default true,
    note             text,
    constraint exchange_rules_scopes_named check (cardinality(scopes) > 0)
);
comment on table exchange_rules is 'Token exchange (RFC 8693): which client may exchange whose access tokens, and for what. In force at once.';
comment on column exchange_rules.id is 'Its name: in consents of people, in the audit log and in commands. Made by default.';
comment on column exchange_rules.actor is 'The client that exchanges, and acts: confidential, with the grant type token-exchange.';
comment on column exchange_rules.subject_clients is 'Whose tokens it may exchange: the clients they were issued to. Empty: those of any client but itself.';
comment on column exchange_rules.from_resource is 'The resource the actor stands behind: the audience of the tokens it may exchange.';
comment on column exchange_rules.resource is 'What the tokens it gets are for.';
comment on column exchange_rules.scopes is 'What they may allow at most.';
comment on column exchange_rules.impersonate is 'True: the tokens do not name the actor (no act claim); the audit log does. False: they do.';
comment on column exchange_rules.enabled is 'False: nothing is exchanged by it, and what was is refused. Enabled again, earlier tokens stay dead.';
comment on column exchange_rules.note is 'What operators write of it; the server does not read it.';
create index exchange_rules_of_actor on exchange_rules (actor);
create index exchange_rules_from on exchange_rules (from_resource);
create index exchange_rules_to on exchange_rules (resource);

create function exchange_rules_check() returns trigger language plpgsql as $$
begin
    new.id := coalesce(new.id, gen_random_uuid());
    new.subject_clients := coalesce(new.subject_clients, '{}');
    new.impersonate := coalesce(new.impersonate, false);
    new.enabled := coalesce(new.enabled, true);
    -- A client or resource that is renamed takes its rules along: then nothing has the old name any more.
    if tg_op = 'UPDATE' and (new.id <> old.id or new.impersonate <> old.impersonate
        or new.actor <> old.actor and exists (select from clients where client_id = old.actor)
        or new.from_resource <> old.from_resource and exists (select from resources where uri = old.from_resource)
        or new.resource <> old.resource and exists (select from resources where uri = old.resource)) then
        raise check_violation using message = 'Who a rule is for, and between which resources, stays',
            column = case when new.actor <> old.actor then 'actor' when new.from_resource <> old.from_resource then 'from_resource'
                          when new.resource <> old.resource then 'resource' else 'impersonate' end,
            hint = 'People allowed this very rule. Disable it and make another one.';
    end if;
    if not exists (select from clients where client_id = new.actor) then
        raise check_violation using message = 'The actor of a rule is a client', column = 'actor',
            hint = 'Insert it into clients first, with a secret or a key.';
    end if;
    if exists (select from clients where client_id = new.actor and auth_method = 'none') then
        raise check_violation using message = 'A public client exchanges nothing', column = 'actor',
            hint = 'Name a client with a secret or a key: whoever holds a token could act as a client without one.';
    end if;
    if exists (select from clients where client_id = new.actor and kind = 'resource-server') then
        raise check_violation using message = 'A resource server gets no tokens', column = 'actor',
            hint = 'Make a client of kind machine beside it.';
    end if;
    if not exists (select from resources where uri = new.from_resource) then
        raise check_violation using message = 'The resource tokens are for does not exist', column = 'from_resource',
            hint = 'Insert it into resources first: insert into resources (uri, name) values (…).';
    end if;
    if not exists (select from resources where uri = new.resource) then
        raise check_violation using message = 'The resource of this rule does not exist', column = 'resource',
            hint = 'Insert it into resources first: insert into resources (uri, name) values (…).';
    end if;
    if new.actor = any (new.subject_clients) and new.resource <> new.from_resource then
        raise check_violation using message = 'An actor does not move its own tokens to another resource', column = 'subject_clients',
            hint = 'Leave the actor out of subject_clients, or write the same resource in from_resource and resource.';
    end if;
    if coalesce(cardinality(new.scopes), 0) = 0 then
        raise check_violation using message = 'A rule names the scopes that its tokens may have', column = 'scopes',
            hint = 'Write ''{calendar:read}'', say: scopes of the rule''s resource.';
    end if;
    if exists (select from unnest(new.scopes) as one where not exists (
        select from scopes where name = one and (resource is null or resource = new.resource))) then
        raise check_violation using message = 'A scope in this row does not belong to its resource', column = 'scopes',
            hint = 'Write scopes of the rule''s resource; insert them into scopes first.';
    end if;
    if new.scopes && '{openid,profile,email,offline_access}'::text[] or exists (
        select from scopes where name = any (new.scopes) and identity) then
        raise check_violation using message = 'Who somebody is, and staying connected, is passed on to nobody', column = 'scopes',
            hint = 'Leave out openid, profile, email, offline_access and their like.';
    end if;
    return new;
end $$;
comment on function exchange_rules_check() is 'Refuses rules of clients without a secret, between resources that are not there, and for more than their resource has.';
create trigger check_lists before insert or update of subject_clients, scopes on exchange_rules
    for each row execute function check_lists('subject_clients', 'scopes');
create trigger exchange_rules_check before insert or update on exchange_rules
    for each row execute function exchange_rules_check();
create trigger exchange_rules_audit after insert or update or delete on exchange_rules
    for each row execute function audit_edit();
create trigger exchange_rules_notify after insert or update or delete on exchange_rules
    for each row execute function notify_change();

create table delegations (
    id            uuid primary key,
    grant_id      uuid references grants on delete cascade,
    client_id     text not null references clients on delete cascade on update cascade,
    parent        uuid references delegations on delete cascade,
    rule_id       uuid not null references exchange_rules on delete cascade,
    actor         text not null references clients on delete cascade on update cascade,
    resource      text not null references resources on delete cascade on update cascade,
    scope         text[] not null,
    depth         int not null,
    created_at    timestamptz not null,
    last_used_at  timestamptz not null,
    ended_at      timestamptz,
    ended_reason  text,
    constraint delegations_depth_range check (depth between 1 and 8),
    constraint delegations_reason_whole check ((ended_at is null) = (ended_reason is null)),
    constraint delegations_reason_known check (ended_reason in ('cut', 'above', 'rule', 'client', 'grant'))
) with (fillfactor = 70);
comment on table delegations is 'Who acts for whom: one row for each step of a chain of exchanged tokens, however many tokens it gave.';
comment on column delegations.id is 'UUIDv7. In the via claim of its tokens, and of those that were exchanged for them.';
comment on column delegations.grant_id is 'What a person allowed, on which it stands; null: a machine''s own access.';
comment on column delegations.client_id is 'Whose access the chain began with: the client of the grant, or the machine.';
comment on column delegations.parent is 'The step before, whose token was exchanged; null: it is the first.';
comment on column delegations.rule_id is 'The rule that allows it.';
comment on column delegations.actor is 'The client that acts.';
comment on column delegations.resource is 'What its tokens are for.';
comment on column delegations.scope is 'What its tokens have allowed so far, all together.';
comment on column delegations.depth is 'Its place in the chain; 1: the first.';
comment on column delegations.created_at is 'When the first token was exchanged.';
comment on column delegations.last_used_at is 'When the last one was.';
comment on column delegations.ended_at is 'Set once; its tokens, and those below it, are dead from then on. Setting it in SQL is a cut.';
comment on column delegations.ended_reason is 'cut: by the person or an operator, for as long as the grant or the rule is there. above, rule, client, grant: with that; a new exchange may begin another.';
-- What was cut is not begun again.
create trigger check_lists before insert or update of scope on delegations for each row execute function check_lists('scope');
create unique index delegations_one on delegations (
    coalesce(grant_id, '00000000-0000-0000-0000-000000000000'), client_id, coalesce(parent, '00000000-0000-0000-0000-000000000000'), rule_id)
    where ended_at is null or ended_reason = 'cut';
create index delegations_of_grant on delegations (grant_id);
create index delegations_of_client on delegations (client_id);
create index delegations_of_actor on delegations (actor);
create index delegations_of_rule on delegations (rule_id);
create index delegations_of_resource on delegations (resource);
create index delegations_below on delegations (parent);
create index delegations_by_end on delegations (ended_at) where ended_at is not null;

create function delegations_check() returns trigger language plpgsql as $$
begin
    if old.ended_at is not null and new.ended_at is distinct from old.ended_at then
        raise check_violation using message = 'A delegation that has ended stays ended', column = 'ended_at',
            hint = 'Delete the row: its tokens stay refused, and the next exchange begins another.';
    end if;
    if new.ended_at is not null then new.ended_reason := coalesce(new.ended_reason, 'cut'); end if;
    return new;
end $$;
comment on function delegations_check() is 'Keeps the end of a delegation, and calls what is ended in SQL a cut.';
create trigger delegations_check before update of ended_at, ended_reason on delegations
    for each row execute function delegations_check();

-- Its tokens live for an hour at most. What is below it ends with it, and has entries of its own: other resources accept its tokens.
create function delegations_feed() returns trigger language plpgsql as $$
begin
    if old.last_used_at > now() - interval '61 minutes' then
        perform revocation_feed_add('grant', old.id::text, array[old.resource], now() + interval '1 hour');
    end if;
    if tg_op = 'UPDATE' then
        update delegations set ended_at = new.ended_at, ended_reason = case new.ended_reason when 'cut' then 'above' else new.ended_reason end
         where parent = new.id and ended_at is null;
    end if;
    -- Or the app would get a grant of the same kind again without asking anybody.
    if tg_op = 'UPDATE' and new.ended_reason = 'cut' then
        delete from consents using grants g
         where g.id = new.grant_id and consents.subject = g.subject and consents.client_id = g.client_id;
    end if;
    return null;
end $$;
comment on function delegations_feed() is 'Tells resource servers of a delegation that has ended, ends those below it, and forgets the consent where it was cut.';
create trigger delegations_feed after update of ended_at on delegations for each row
    when (old.ended_at is null and new.ended_at is not null) execute function delegations_feed();
create trigger delegations_feed_delete after delete on delegations for each row
    when (old.ended_at is null) execute function delegations_feed();

create function delegations_audit() returns trigger language plpgsql as $$
declare
    request text := 'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current();
begin
    insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request, 'revocation', 'ok', old.actor,
            coalesce((select subject::text from grants where id = old.grant_id), old.client_id), old.grant_id,
            'sql:' || session_user, host(inet_client_addr()), 'in SQL: the delegation ' || old.id || ' and what is below it');
    return null;
end $$;
comment on function delegations_audit() is 'Writes who cut a delegation in SQL. What the server cuts has its own row.';
create trigger delegations_audit after update of ended_at on delegations for each row
    when (old.ended_at is null and new.ended_reason = 'cut' and coalesce(current_setting('oauth.actor', true), '') = '')
    execute function delegations_audit();

-- What stands on a rule, a client or a grant ends with it.
create function exchange_rules_end() returns trigger language plpgsql as $$
begin
    if old.enabled and not new.enabled or not old.scopes <@ new.scopes
       or new.subject_clients <> '{}' and (old.subject_clients = '{}' or not old.subject_clients <@ new.subject_clients)
       or new.subject_clients = '{}' and new.actor = any (old.subject_clients) then
        update delegations set ended_at = now(), ended_reason = 'rule' where rule_id = new.id and ended_at is null;
    end if;
    return null;
end $$;
comment on function exchange_rules_end() is 'Ends what stands on a rule that is disabled or allows less.';
create trigger exchange_rules_end after update of enabled, scopes, subject_clients on exchange_rules
    for each row execute function exchange_rules_end();

create function clients_end_delegations() returns trigger language plpgsql as $$
begin
    update delegations set ended_at = now(), ended_reason = 'client'
     where (client_id = new.client_id or actor = new.client_id) and ended_at is null;
    return null;
end $$;
comment on function clients_end_delegations() is 'Ends what a disabled client, or somebody for it, did with exchanged tokens.';
create trigger clients_end_delegations after update of enabled on clients for each row
    when (old.enabled and not new.enabled) execute function clients_end_delegations();

create function grants_end_delegations() returns trigger language plpgsql as $$
begin
    update delegations set ended_at = new.ended_at, ended_reason = 'grant' where grant_id = new.id and ended_at is null;
    return null;
end $$;
comment on function grants_end_delegations() is 'Ends what stands on a grant that has ended.';
create trigger grants_end_delegations after update of ended_at on grants for each row
    when (old.ended_at is null and new.ended_at is not null) execute function grants_end_delegations();

-- A client or scope that is renamed keeps its place in rules; a scope that is gone leaves them, and a rule without any goes.
create function exchange_rules_follow_clients() returns trigger language plpgsql as $$
begin
    update exchange_rules set subject_clients = array_replace(subject_clients, old.client_id, new.client_id)
     where old.client_id = any (subject_clients);
    return null;
end $$;
comment on function exchange_rules_follow_clients() is 'Renames a client in the rules that take its tokens.';
create trigger exchange_rules_follow_clients after update of client_id on clients for each row
    when (old.client_id <> new.client_id) execute function exchange_rules_follow_clients();

create function exchange_rules_follow_scopes() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        update exchange_rules set scopes = array_replace(scopes, old.name, new.name) where old.name = any (scopes);
        return null;
    end if;
    delete from exchange_rules where scopes <@ array[old.name];
    update exchange_rules set scopes = array_remove(scopes, old.name) where old.name = any (scopes);
    return null;
end $$;
comment on function exchange_rules_follow_scopes() is 'Renames a scope in rules, or takes it out of them.';
create trigger exchange_rules_follow_scopes after delete or update of name on scopes
    for each row execute function exchange_rules_follow_scopes();

alter table consents add column onward jsonb not null default '[]';
comment on column consents.onward is 'Where agents may take it, as it was allowed: a list of {rule, actor, resource, scopes}.';

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on exchange_rules, delegations to oauth_server;
    end if;
end $$;
