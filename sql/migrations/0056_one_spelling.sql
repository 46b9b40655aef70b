-- Two spellings of one thing: resources are compared with scheme and host in any case and one trailing slash more or less, so of two
-- that differ only so, the second would answer for the first one's clients. Locales are compared as they are written.
create function resource_fold(uri text) returns text language sql immutable parallel safe as $$
    select regexp_replace(lower(start collate "C") || substr(uri, length(start) + 1), '/$', '')
      from (select coalesce(substring(uri from '^[^:]*://[^/?]*'), '') as start) as part
$$;
comment on function resource_fold(text) is 'RFC 8707: what all tolerated spellings of a resource have in common.';

do $$
declare
    pair text;
begin
    select string_agg(uri, ' ' order by uri) into pair from resources group by resource_fold(uri) having count(*) > 1 limit 1;
    if pair is not null then
        raise check_violation using
            message = format('Two resources differ only in the case of scheme or host, or in one trailing slash: %s', pair),
            hint = 'Keep the one in use: give its uri to the clients and scopes of the other (clients.resources, clients.default_resource, scopes.resource), '
                   'delete from resources where uri = the other, then run oauth-server migrate again. '
                   'All such pairs: select array_agg(uri) from resources group by rtrim(lower(uri), ''/'') having count(*) > 1;';
    end if;
end $$;
create unique index resources_one_spelling on resources (resource_fold(uri));

create function resources_one_spelling() returns trigger language plpgsql as $$
begin
    if exists (select from resources where resource_fold(uri) = resource_fold(new.uri) and uri <> new.uri and (tg_op = 'INSERT' or uri <> old.uri)) then
        raise check_violation using message = 'This resource is there already, in another spelling', column = 'uri',
            hint = 'Two resources never differ only in the case of scheme or host, or in one trailing slash. Change the row that is there.';
    end if;
    return new;
end $$;
create trigger resources_one_spelling before insert or update of uri on resources for each row execute function resources_one_spelling();

-- BCP 47 in its usual case (RFC 5646 §2.1.1), so that en is not there a second time as EN, which nothing would ever read.
create function locale_of(tag text) returns text language sql immutable parallel safe as $$
    select string_agg(case when place > 1 and length(part) = 2 then upper(part) when place > 1 and length(part) = 4 and part ~ '^[A-Za-z]' then initcap(part)
                           else lower(part) end, '-' order by place)
      from unnest(string_to_array(replace(btrim(tag), '_', '-'), '-')) with ordinality as u (part, place)
$$;
comment on function locale_of(text) is 'A language tag in its usual case: en, pt-BR, zh-Hant.';

create function check_locale() returns trigger language plpgsql as $$
begin
    if new.locale is null or new.locale !~ '^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$' or new.locale <> locale_of(new.locale) then
        raise check_violation using message = 'This is no language tag, or not in its usual case', column = 'locale',
            hint = 'Write en, ar, pt-BR or zh-Hant (BCP 47).';
    end if;
    return new;
end $$;
update resource_texts t set locale = locale_of(locale) where locale <> locale_of(locale)
   and not exists (select from resource_texts o where o.uri = t.uri and o.locale <> t.locale and locale_of(o.locale) = locale_of(t.locale));
update scope_texts t set locale = locale_of(locale) where locale <> locale_of(locale)
   and not exists (select from scope_texts o where o.scope = t.scope and o.locale <> t.locale and locale_of(o.locale) = locale_of(t.locale));
create trigger check_locale before insert or update of locale on resource_texts for each row execute function check_locale();
create trigger check_locale before insert or update of locale on scope_texts for each row execute function check_locale();

-- Fetched and compared octet by octet: a host in capitals would be a second client with the same document.
create function clients_one_spelling() returns trigger language plpgsql as $$
begin
    if new.client_id ~* '^https:' and substring(new.client_id from '^[^/]*//[^/]*') <> lower(substring(new.client_id from '^[^/]*//[^/]*')) then
        raise check_violation using message = 'The host of a client id document is written in lower case', column = 'client_id',
            hint = 'Write https://client.example/path, as the document itself does.';
    end if;
    return new;
end $$;
create trigger clients_one_spelling before insert or update of client_id on clients for each row execute function clients_one_spelling();
