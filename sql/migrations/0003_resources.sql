-- Resources and scopes, and what people read of them.
-- Every refusal below says what to write and never repeats the value that was refused.

create table resources (
    uri      text primary key,
    name     text not null,
    enabled  boolean not null default true,
    constraint resources_uri_form check (uri ~ '^[A-Za-z][A-Za-z0-9+.-]*://[^#\s]+$' and length(uri) <= 2048)
);
comment on table resources is 'Protected resources (RFC 8707): what an access token is for. The uri goes into aud as it is spelt here.';
comment on column resources.uri is 'Absolute URI without a fragment.';
comment on column resources.name is 'The name a person reads on the consent page; resource_texts overrides it per locale.';
comment on column resources.enabled is 'False: no new token for this resource.';
create unique index resources_one_spelling on resources (resource_fold(uri));

create table resource_texts (
    uri     text not null references resources on delete cascade on update cascade,
    locale  text not null,
    name    text not null,
    primary key (uri, locale)
);
comment on table resource_texts is 'Names of resources per locale (BCP 47).';
comment on column resource_texts.uri is 'The resource.';
comment on column resource_texts.locale is 'en, de, ar, …';
comment on column resource_texts.name is 'What a person reads.';

create table scopes (
    name       text primary key,
    resource   text references resources on delete cascade on update cascade,
    access     text not null default 'read',
    open       boolean not null default false,
    sensitive  boolean not null default false,
    optional   boolean not null default true,
    constraint scopes_name_form check (name ~ '^[\x21\x23-\x5B\x5D-\x7E]{1,128}$'),
    constraint scopes_access_known check (access in ('read', 'write'))
);
comment on table scopes is 'Every scope this server knows (RFC 6749 §3.3).';
comment on column scopes.name is 'Printable ASCII without space, quote or backslash.';
comment on column scopes.resource is 'The resource it belongs to: no token for another one carries it. Null: it belongs to all. (offline_access is the server''s own and in no token.)';
comment on column scopes.access is 'read or write: the consent page offers to allow only the reading ones.';
comment on column scopes.open is 'True: any user-facing client may ask for it, and clients that registered themselves may ask for its resource. False: only clients whose scopes list it.';
comment on column scopes.sensitive is 'True: not ticked beforehand on the consent page.';
comment on column scopes.optional is 'True: the person may untick it.';

create table scope_texts (
    scope   text not null references scopes on delete cascade on update cascade,
    locale  text not null,
    text    text not null,
    primary key (scope, locale)
);
comment on table scope_texts is 'What a scope means, in words, per locale (BCP 47).';
comment on column scope_texts.scope is 'The scope.';
comment on column scope_texts.locale is 'en, de, ar, …';
comment on column scope_texts.text is 'Continues the sentence "This app will be able to …".';

create function resources_check() returns trigger language plpgsql as $$
begin
    if new.uri is null or new.uri !~ '^[A-Za-z][A-Za-z0-9+.-]*://[!"$-~]+$' or length(new.uri) > 2048 then
        raise check_violation using message = 'This is no URI of a resource', column = 'uri',
            hint = 'Write an absolute URI without a fragment and without spaces, such as https://api.example.com/, at most 2048 characters.';
    end if;
    if new.name is null or btrim(new.name) = '' then
        raise check_violation using message = 'A resource needs a name people can read', column = 'name', hint = 'Write a few words, such as Demo notes.';
    end if;
    return new;
end $$;
create trigger resources_check before insert or update on resources for each row execute function resources_check();
create trigger check_names before insert or update of name on resources for each row execute function check_names();
create trigger check_locale before insert or update of locale on resource_texts for each row execute function check_locale();
create trigger check_names before insert or update of name on resource_texts for each row execute function check_names();

create function scopes_check() returns trigger language plpgsql as $$
begin
    if new.name is null or new.name !~ '^[\x21\x23-\x5B\x5D-\x7E]{1,128}$' then
        raise check_violation using message = 'This is no name of a scope', column = 'name',
            hint = 'Write 1 to 128 printable ASCII characters without space, quote or backslash, such as notes:read.';
    end if;
    if new.access is null or new.access not in ('read', 'write') then
        raise check_violation using message = 'A scope reads or writes', column = 'access', hint = 'Write read or write.';
    end if;
    return new;
end $$;
create trigger scopes_check before insert or update on scopes for each row execute function scopes_check();
create trigger check_locale before insert or update of locale on scope_texts for each row execute function check_locale();
create trigger check_words before insert or update of text on scope_texts for each row execute function check_words();

-- Of two that differ only in spelling, the second would answer for the first one's clients.
create function resources_one_spelling() returns trigger language plpgsql as $$
begin
    if exists (select from resources where resource_fold(uri) = resource_fold(new.uri) and uri <> new.uri and (tg_op = 'INSERT' or uri <> old.uri)) then
        raise check_violation using message = 'This resource is there already, in another spelling', column = 'uri',
            hint = 'Two resources never differ only in the case of scheme or host, or in one trailing slash. Change the row that is there.';
    end if;
    return new;
end $$;
create trigger resources_one_spelling before insert or update of uri on resources for each row execute function resources_one_spelling();

create trigger resources_audit after insert or update or delete on resources for each row execute function audit_edit();
create trigger resources_notify after insert or update or delete on resources for each row execute function notify_change();
create trigger resource_texts_audit after insert or update or delete on resource_texts for each row execute function audit_edit();
create trigger resource_texts_notify after insert or update or delete on resource_texts for each row execute function notify_change();
create trigger scopes_audit after insert or update or delete on scopes for each row execute function audit_edit();
create trigger scopes_notify after insert or update or delete on scopes for each row execute function notify_change();
create trigger scope_texts_audit after insert or update or delete on scope_texts for each row execute function audit_edit();
create trigger scope_texts_notify after insert or update or delete on scope_texts for each row execute function notify_change();

insert into scopes (name, resource, access, open, optional) values ('offline_access', null, 'read', true, true);
insert into scope_texts (scope, locale, text) values
    ('offline_access', 'en', 'Stay connected while you are away'),
    ('offline_access', 'ar', 'البقاء متصلًا في أثناء غيابك');
