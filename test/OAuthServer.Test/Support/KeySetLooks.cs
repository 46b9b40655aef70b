namespace OAuthServer.Test.Support;

/// <summary>How often servers look in the database whether a document has a key that they lack, counted by a trigger of the test.</summary>
public static class KeySetLooks
{
    /// <summary>Counts from now on.</summary>
    public static Task CountLooksAsync(this TestServer server) => server.ExecuteAsync(
        """
        create table looks (at timestamptz not null);
        create function count_look() returns trigger language plpgsql security definer as
            $$ begin insert into public.looks values (clock_timestamp()); return null; end $$;
        create trigger looked after update of refetched_at on key_sets for each statement execute function count_look();
        """);

    public static Task<long> LooksAsync(this TestServer server) => server.ScalarAsync<long>("select count(*) from looks");
}
