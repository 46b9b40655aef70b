-- The grown world: every row of it follows from its number, so that a load knows the token of any grant without a list of them.
-- Numbers begin at 0. Nothing here is part of the server.

create schema bench;
create table bench.world (clients bigint, people bigint, grants bigint, audit bigint, began timestamptz);
insert into bench.world values (:clients, :people, :grants, :audit, date_trunc('milliseconds', clock_timestamp()));

-- Sixteen of twenty clients act for people, three are machines, one is a resource server. Each function is one expression that
-- PostgreSQL writes into the statement; none names its argument where that would be worked out twice.
create function bench.client_id(number bigint) returns text language sql immutable parallel safe as $$
    select (array['app-', 'machine-', 'api-'])[1 + (number % 20 >= 16)::int + (number % 20 >= 19)::int] || lpad(number::text, 7, '0')
$$;
create function bench.client_of(grant_number bigint, clients bigint) returns bigint language sql immutable parallel safe as $$
    select grant_number % (clients * 16 / 20) / 16 * 20 + grant_number % 16
$$;
create function bench.subject(number bigint) returns uuid language sql immutable parallel safe as $$
    select md5('person ' || number::text)::uuid
$$;
create function bench.person_of(grant_number bigint, people bigint) returns bigint language sql immutable parallel safe as $$
    select abs(hashint8(grant_number)::bigint) % people
$$;
create function bench.resource(client_number bigint) returns text language sql immutable parallel safe as $$
    select 'https://api-' || lpad((client_number % 200)::text, 3, '0') || '.example.test/mcp'
$$;
create function bench.scope(client_number bigint) returns text language sql immutable parallel safe as $$
    select 'api-' || lpad((client_number % 200)::text, 3, '0') || ':read'
$$;

-- Grants were allowed evenly over the last sixty days, rows of the audit log written over the last ninety: milliseconds.
create function bench.moment(number bigint, count bigint, days int, began timestamptz) returns bigint
    language sql stable parallel safe as $$
    select (extract(epoch from began) * 1000)::bigint - (days * 86400000::bigint * (1 - number / count::float8))::bigint
$$;
create function bench.at(moment bigint) returns timestamptz language sql stable parallel safe as $$
    select timestamptz 'epoch' + moment * interval '1 millisecond'
$$;
create function bench.uuid(moment bigint, digits text) returns uuid language sql immutable parallel safe as $$
    select (lpad(to_hex(moment), 12, '0') || '7' || substr(digits, 1, 3) || '8' || substr(digits, 4, 15))::uuid
$$;
create function bench.grant_id(number bigint, grants bigint, began timestamptz) returns uuid language sql stable parallel safe as $$
    select bench.uuid(bench.moment(number, grants, 60, began), md5('grant ' || number::text))
$$;
create function bench.secret(number bigint) returns bytea language sql immutable parallel safe as $$
    select sha256(('secret ' || number::text)::bytea)
$$;
create function bench.family(number bigint) returns bytea language sql immutable parallel safe as $$
    select substr(sha256(('family ' || number::text)::bytea), 1, 16)
$$;
-- One of twenty has a code that waits.
create function bench.has_code(number bigint) returns boolean language sql immutable parallel safe as $$
    select number % 20 = 7
$$;

-- Whole indexes are built afterwards: several times faster than row by row.
create table bench.later (sql text);
create procedure bench.drop_indexes(variadic tables text[]) language plpgsql as $$
declare
    index record;
begin
    for index in select indexrelid::regclass as name, pg_get_indexdef(indexrelid) as sql from pg_index i
                  where indrelid::regclass::text = any (tables)
                    and not exists (select from pg_constraint where conindid = indexrelid) loop
        insert into bench.later values (index.sql);
        execute format('drop index %s', index.name);
    end loop;
end $$;
create procedure bench.create_indexes() language plpgsql as $$
declare
    one record;
begin
    for one in delete from bench.later returning sql loop execute one.sql; end loop;
end $$;

call bench.drop_indexes('clients', 'client_secrets', 'registrations', 'grants');

insert into resources (uri, name) select bench.resource(i), 'API ' || i from generate_series(0, 199) i;
insert into scopes (name, resource, access, open) select bench.scope(i), bench.resource(i), 'read', true from generate_series(0, 199) i;
insert into scope_texts (scope, locale, text) select bench.scope(i), 'en', 'Read API ' || i from generate_series(0, 199) i;
