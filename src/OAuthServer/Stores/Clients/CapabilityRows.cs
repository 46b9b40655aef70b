using OAuthServer.Protocol;

namespace OAuthServer.Stores.Clients;

/// <summary>
/// grant_types and auth_methods, as migrate writes them. Rows of another version stay: it may run beside this one, and clients
/// may use them.
/// </summary>
public static class CapabilityRows
{
    public const string GrantTypesSql = """
        insert into grant_types (name, kinds, default_for, continues, needs_redirect_uris, position)
        select name, string_to_array(kinds, ' '), string_to_array(default_for, ' '), continues, needs_redirect_uris, position
          from unnest(@Names::text[], @Kinds::text[], @DefaultFor::text[],
              @Continues::boolean[], @NeedsRedirectUris::boolean[]) with ordinality
               as t(name, kinds, default_for, continues, needs_redirect_uris, position)
        on conflict (name) do update
           set kinds = excluded.kinds, default_for = excluded.default_for, continues = excluded.continues,
               needs_redirect_uris = excluded.needs_redirect_uris, position = excluded.position
        """;

    public const string AuthMethodsSql = """
        insert into auth_methods (name, kinds, default_for, needs_secret, needs_keys, position)
        select name, string_to_array(kinds, ' '), string_to_array(default_for, ' '), needs_secret, needs_keys, position
          from unnest(@Names::text[], @Kinds::text[], @DefaultFor::text[], @NeedsSecret::boolean[], @NeedsKeys::boolean[])
               with ordinality as t(name, kinds, default_for, needs_secret, needs_keys, position)
        on conflict (name) do update
           set kinds = excluded.kinds, default_for = excluded.default_for,
               needs_secret = excluded.needs_secret, needs_keys = excluded.needs_keys, position = excluded.position
        """;

    /// <summary>Both statements with what they write.</summary>
    public static IEnumerable<(string Sql, object Parameters)> Of(Capabilities capabilities)
    {
        var (types, methods) = (capabilities.GrantTypes, capabilities.AuthMethods);
        yield return (GrantTypesSql, new
        {
            Names = types.Select(type => type.Name).ToArray(),
            Kinds = types.Select(type => string.Join(' ', type.Kinds)).ToArray(),
            DefaultFor = types.Select(type => string.Join(' ', type.DefaultFor)).ToArray(),
            Continues = types.Select(type => type.Continues).ToArray(),
            NeedsRedirectUris = types.Select(type => type.NeedsRedirectUris).ToArray(),
        });
        yield return (AuthMethodsSql, new
        {
            Names = methods.Select(method => method.Name).ToArray(),
            Kinds = methods.Select(method => string.Join(' ', method.Kinds)).ToArray(),
            DefaultFor = methods.Select(method => string.Join(' ', method.DefaultFor)).ToArray(),
            NeedsSecret = methods.Select(method => method.NeedsSecret).ToArray(),
            NeedsKeys = methods.Select(method => method.NeedsKeys).ToArray(),
        });
    }
}
