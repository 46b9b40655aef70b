-- Lists have one dimension and no NULL, dates are between 1970 and 9999: one row that programs cannot read would fail whoever reads
-- all of them. A trigger says what to write; a CHECK stands behind it where operators type.
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

-- Rows that are there become what they were read as: lists flat, NULLs gone; dates at the nearest end.
do $$
declare
    place record;
begin
    for place in select * from (values
        ('clients', 'redirect_uris', true), ('clients', 'scopes', true), ('clients', 'default_scopes', true), ('clients', 'resources', true),
        ('clients', 'grant_types', true), ('registrations', 'scope', true), ('consents', 'resources', false), ('consents', 'scope', false),
        ('grants', 'scope', false), ('grants', 'resources', false), ('revocation_feed', 'audiences', false)) as list (tab, col, typed)
    loop
        execute format('update %1$I set %2$I = array(select one from unnest(%2$I) as one where one is not null) where not is_plain_list(%2$I)', place.tab, place.col);
        if place.typed then
            execute format('alter table %1$I add constraint %3$I check (is_plain_list(%2$I))', place.tab, place.col, place.tab || '_' || place.col || '_plain');
        end if;
    end loop;
    for place in select * from (values
        ('clients', 'created_at'), ('clients', 'last_used_at'), ('client_secrets', 'not_before'), ('client_secrets', 'expires_at'),
        ('client_secrets', 'revoked_at'), ('client_secrets', 'last_used_at'), ('users', 'created_at'), ('signing_keys', 'created_at'),
        ('signing_keys', 'signs_from'), ('signing_keys', 'retired_at'), ('initial_access_tokens', 'created_at'), ('initial_access_tokens', 'expires_at'),
        ('registrations', 'issued_at'), ('registrations', 'seen_at'), ('registrations', 'deleted_at'), ('client_documents', 'fetched_at'),
        ('client_documents', 'fresh_until'), ('client_documents', 'gone_at')) as moment (tab, col)
    loop
        execute format('update %1$I set %2$I = least(greatest(%2$I, timestamptz ''1970-01-01 00:00:00+00''), timestamptz ''9998-12-31 00:00:00+00'') where not is_plain_date(%2$I)',
            place.tab, place.col);
        execute format('alter table %1$I add constraint %3$I check (is_plain_date(%2$I))', place.tab, place.col, place.tab || '_' || place.col || '_plain');
    end loop;
end $$;

-- Their names sort before those of the rules about what a list holds.
create trigger check_lists before insert or update of redirect_uris, scopes, default_scopes, resources, grant_types on clients
    for each row execute function check_lists('redirect_uris', 'scopes', 'default_scopes', 'resources', 'grant_types');
create trigger check_lists before insert or update of scope on registrations for each row execute function check_lists('scope');
create trigger check_lists before insert or update of resources, scope on consents for each row execute function check_lists('resources', 'scope');
create trigger check_lists before insert or update of scope, resources on grants for each row execute function check_lists('scope', 'resources');
create trigger check_lists before insert or update of audiences on revocation_feed for each row execute function check_lists('audiences');

create trigger check_dates before insert or update of created_at on clients for each row execute function check_dates('created_at');
create trigger check_dates before insert or update of not_before, expires_at, revoked_at on client_secrets
    for each row execute function check_dates('not_before', 'expires_at', 'revoked_at');
create trigger check_dates before insert or update of created_at on users for each row execute function check_dates('created_at');
create trigger check_dates before insert or update of created_at, signs_from, retired_at on signing_keys
    for each row execute function check_dates('created_at', 'signs_from', 'retired_at');
create trigger check_dates before insert or update of created_at, expires_at on initial_access_tokens
    for each row execute function check_dates('created_at', 'expires_at');
