-- Rules that several tables share: what a list, a date, a name, a language tag and a redirect URI look like. One row that programs
-- cannot read would fail whoever reads all of them, so each is refused with a message and a hint when it is written.

-- Lists have one dimension and no NULL; dates are between 1970 and 9999.
create function is_plain_list(list text[]) returns boolean language sql immutable parallel safe as $$
    select case when list is null or cardinality(list) = 0 then true
                when array_ndims(list) > 1 or array_lower(list, 1) <> 1 then false
                else array_position(list, null) is null end
$$;
comment on function is_plain_list(text[]) is 'One dimension that begins at 1, no element without a value.';

create function is_plain_date(moment timestamptz) returns boolean language sql immutable parallel safe as $$
    select moment is null or (moment >= timestamptz '1970-01-01 00:00:00+00' and moment < timestamptz '9999-01-01 00:00:00+00')
$$;
comment on function is_plain_date(timestamptz) is 'From 1970 until 9999, not infinite.';

create function check_lists() returns trigger language plpgsql as $$
declare
    name text;
    list text[];
begin
    foreach name in array tg_argv loop
        execute format('select ($1).%I', name) into list using new;
        if not is_plain_list(list) then
            raise check_violation using message = format('The list in %s has more than one dimension, or an element without a value', name), column = name,
                hint = 'Write ''{one,two}'': a single pair of braces, no NULL among the elements.';
        end if;
    end loop;
    return new;
end $$;
comment on function check_lists() is 'Refuses lists that are not plain, in the columns it is given.';

create function check_dates() returns trigger language plpgsql as $$
declare
    name   text;
    moment timestamptz;
begin
    foreach name in array tg_argv loop
        execute format('select ($1).%I', name) into moment using new;
        if not is_plain_date(moment) then
            raise check_violation using message = format('The date in %s is infinite, or outside 1970 to 9998', name), column = name,
                hint = 'Write a date such as ''2030-01-31''; for never, where the column may be empty, write null.';
        end if;
    end loop;
    return new;
end $$;
comment on function check_dates() is 'Refuses dates that are not plain, in the columns it is given.';

-- People decide by names: what draws nothing, turns the direction of writing or breaks a line is removed from rows that operators
-- type, as it is for clients that register or have a document (VisibleText in C# does the same).
create function visible_text(name text) returns text language sql immutable parallel safe as $$
    select btrim(regexp_replace(name,
        '[\u0001-\u001F\u007F-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B\u200E\u200F\u2028-\u202E'
        '\u2060-\u206F\u2800\u3164\uE000-\uF8FF\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB\U0001D159\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]', '', 'g'))
$$;
comment on function visible_text(text) is 'A name without what nobody sees; the joiners of Persian and of emoji stay.';

create function check_names() returns trigger language plpgsql as $$
begin
    new.name := visible_text(new.name);
    -- Blanks, joiners and combining marks alone show nothing.
    if new.name is not null
       and regexp_replace(new.name, '[\s\u00A0\u1680\u2000-\u200D\u202F\u205F\u3000\u0300-\u036F\u20D0-\u20FF\uFE20-\uFE2F]', '', 'g') = '' then
        raise check_violation using message = 'A name needs at least one character that people can see', column = 'name',
            hint = 'Write a few words, such as Demo notes.';
    end if;
    return new;
end $$;

-- What a scope means is shown beside a checkbox.
create function check_words() returns trigger language plpgsql as $$
begin
    new.text := visible_text(new.text);
    return new;
end $$;

-- BCP 47 in its usual case (RFC 5646 §2.1.1), so that en is not stored a second time as EN, which nothing reads.
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

-- RFC 8707: scheme and host in any case, one trailing slash more or less, are the same resource.
create function resource_fold(uri text) returns text language sql immutable parallel safe as $$
    select regexp_replace(lower(start collate "C") || substr(uri, length(start) + 1), '/$', '')
      from (select coalesce(substring(uri from '^[^:]*://[^/?]*'), '') as start) as part
$$;
comment on function resource_fold(text) is 'RFC 8707: what all tolerated spellings of a resource have in common.';

-- The form of a redirect URI, and nothing else. Which private-use schemes a client may have depends on its origin: see
-- clients_schemes for operators, and the setting RegistrationSchemes for clients that register themselves.
create function redirect_uri_problem(uri text) returns text language plpgsql immutable as $$
declare
    scheme    text := lower(substring(uri from '^([A-Za-z][A-Za-z0-9+.-]*):'));
    authority text := lower(substring(uri from '^[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)'));
    host      text := substring(authority from '^(\[[^]]*\]|[^:]*)');
    port      text := substr(authority, length(host) + 1);
    octet     constant text := '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
    here      boolean := host in ('localhost', '[::1]') or host ~ ('^127\.' || octet || '\.' || octet || '\.' || octet || '$');
begin
    if uri is null or uri = '' then return 'A redirect URI is empty'; end if;
    if uri !~ '^[\x21-\x7E]+$' then return 'A redirect URI has a space, a control character or a character outside ASCII'; end if;
    if length(uri) > 2048 then return 'A redirect URI is longer than 2048 characters'; end if;
    if scheme is null then return 'A redirect URI is not absolute'; end if;
    if scheme in ('javascript', 'data', 'file', 'vbscript', 'blob', 'about') then return 'A redirect URI has a scheme that can run code'; end if;
    if position('#' in uri) > 0 then return 'A redirect URI has a fragment'; end if;
    if position('*' in uri) > 0 then return 'A redirect URI has a wildcard'; end if;
    if uri ~ '["<>\\^`{|}]' then return 'A redirect URI has a character that must be percent-encoded'; end if;
    if position('@' in authority) > 0 then return 'A redirect URI carries user information'; end if;
    if scheme not in ('http', 'https') then return null; end if;
    if coalesce(host, '') = '' then return 'A redirect URI has no host'; end if;
    if port <> '' and (port !~ '^:[0-9]{1,5}$' or substr(port, 2)::int not between 1 and 65535) then return 'A redirect URI has a malformed port'; end if;
    if scheme = 'http' and not here then return 'An http redirect URI is for this computer only'; end if;
    if scheme = 'https' and host <> 'localhost'
       and (length(host) > 253 or host !~ '^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$') then
        return 'An https redirect URI needs a fully qualified domain name';
    end if;
    return null;
end $$;
comment on function redirect_uri_problem(text) is 'What is wrong with a redirect URI, or null.';
