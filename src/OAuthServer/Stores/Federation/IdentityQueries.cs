using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Federation;

/// <summary>Which identities a list has.</summary>
public sealed record IdentitySearch
{
    /// <summary>Part of what the issuer calls somebody, in any case; empty fits all.</summary>
    public required string Text { get; init; }

    /// <summary>Only of this issuer, exactly; null: of any.</summary>
    public string? Issuer { get; init; }

    /// <summary>Only of this person; null: of anybody.</summary>
    public Guid? Subject { get; init; }
}

/// <summary>An identity, with whom it is.</summary>
public sealed record IdentityOverview
{
    public required string Issuer { get; init; }

    /// <summary>Empty: none.</summary>
    public required string Tenant { get; init; }
    public required string Sub { get; init; }
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null: never.</summary>
    public required DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>Who linked it, as the audit log names authors.</summary>
    public required string CreatedBy { get; init; }
}

/// <summary>identities, as the administration and the commands list them: at the replica, where there is one.</summary>
public sealed class IdentityQueries(Replica replica)
{
    private const string Rows = """
        select i.issuer, i.tenant, i.sub, i.subject, u.username, i.created_at, i.last_used_at, i.created_by
          from identities i join users u on u.subject = i.subject

        """;
    private const string All = "where true ";
    private const string Has = "where position(lower(@text) in lower(i.sub)) > 0 ";

    // Fewer than three characters are in no index, as of users.
    private const string HasTrigrams = Has + "and trigrams(i.sub) @> trigrams(@text) ";
    private const string OfIssuer = "and i.issuer = @issuer ";
    private const string OfPerson = "and i.subject = @subject ";
    private const string Next = "and (i.issuer, i.tenant, i.sub) > (@first, @second, @third) ";
    private const string Back = "and (i.issuer, i.tenant, i.sub) < (@first, @second, @third) ";
    private const string InOrder = "order by i.issuer, i.tenant, i.sub limit @limit";
    private const string InOrderBack = "order by i.issuer desc, i.tenant desc, i.sub desc limit @limit";
    private const string Count = "select count(*)::int from (select from identities i ";
    private const string Most = "limit @most) as found";

    public const string ListSql = Rows + All + InOrder;
    public const string ListOfIssuerSql = Rows + All + OfIssuer + Next + InOrder;
    public const string SearchSql = Rows + HasTrigrams + OfPerson + Next + InOrder;
    public const string SearchBackSql = Rows + HasTrigrams + OfIssuer + Back + InOrderBack;
    public const string CountFoundSql = Count + HasTrigrams + Most;

    /// <summary>A page of identities, in the order of their keys.</summary>
    public async Task<Slice<IdentityOverview>> ListAsync(IdentitySearch search, Cursor cursor, int length, CancellationToken cancel)
    {
        var key = Read(cursor.Before ?? cursor.After);
        if (key is null) cursor = new Cursor(null, null);
        var values = new
        {
            text = search.Text,
            issuer = search.Issuer,
            subject = search.Subject,
            first = key?.Issuer,
            second = key?.Tenant,
            third = key?.Sub,
            limit = length + 1,
            most = Slice.MostCounted + 1,
        };
        var fits = (search.Text.Length switch { 0 => All, < 3 => Has, _ => HasTrigrams })
            + (search.Issuer is null ? "" : OfIssuer) + (search.Subject is null ? "" : OfPerson);
        var page = (key, cursor.Before) switch
        {
            (null, _) => InOrder,
            (_, null) => Next + InOrder,
            _ => Back + InOrderBack,
        };
        return await replica.ReadAsync(async from =>
        {
            var found = await from.ListAsync<IdentityOverview>(Rows + fits + page, values, cancel);
            return Slice.Of(found, cursor, length, await from.FindAsync<int>(Count + fits + Most, values, cancel));
        }, cancel);
    }

    /// <summary>Where the page before or after an identity begins: each part may hold anything, so none has a blank left.</summary>
    public static string KeyOf(IdentityOverview one) =>
        string.Join(' ', new[] { one.Issuer, one.Tenant, one.Sub }.Select(Uri.EscapeDataString));

    private static IdentityKey? Read(string? cursor) =>
        cursor?.Split(' ') is [var issuer, var tenant, var sub] && !cursor.Contains("%00", StringComparison.Ordinal) ? new IdentityKey
        {
            Issuer = Uri.UnescapeDataString(issuer),
            Tenant = Uri.UnescapeDataString(tenant),
            Sub = Uri.UnescapeDataString(sub),
        } : null;
}
