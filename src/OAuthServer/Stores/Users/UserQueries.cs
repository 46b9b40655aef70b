using System.Globalization;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>users, as the administration and the commands list them: at the replica, where there is one.</summary>
public sealed class UserQueries(Replica replica)
{
    // Fewer than three characters are in no index: rows are read in order until enough have them, which takes long when few do.
    private const string All = "where true ";
    private const string Has = "where position(lower(@text) in u.username) > 0 ";
    private const string HasTrigrams = Has + "and trigrams(u.username) @> trigrams(@text) ";

    // Written out, not as parameters: administrators and those who are disabled have indexes of their own.
    private const string Administrators = "and u.role = 'admin' ";
    private const string Others = "and u.role = 'user' ";
    private const string Enabled = "and u.enabled ";
    private const string Disabled = "and not u.enabled ";

    private const string ByName = "order by u.username limit @limit";
    private const string ByNameBack = "order by u.username desc limit @limit";
    private const string Next = "and u.username > coalesce(@after, '') ";
    private const string Back = "and u.username < @before ";
    private const string Later = "and (u.created_at, u.subject) < (coalesce(@at::timestamptz, 'infinity'), coalesce(@after::uuid, "
        + "'ffffffff-ffff-ffff-ffff-ffffffffffff')) order by u.created_at desc, u.subject desc limit @limit";
    private const string Earlier =
        "and (u.created_at, u.subject) > (@at::timestamptz, @before::uuid) order by u.created_at, u.subject limit @limit";

    public const string ListSql = UserEdits.People + All + Next + ByName;
    public const string ListBackSql = UserEdits.People + All + Back + ByNameBack;
    public const string ListSomeSql = UserEdits.People + Has + Next + ByName;
    public const string SearchSql = UserEdits.People + HasTrigrams + Next + ByName;
    public const string SearchBackSql = UserEdits.People + HasTrigrams + Administrators + Disabled + Back + ByNameBack;
    public const string NewestSql = UserEdits.People + All + Others + Later;
    public const string NewestBackSql = UserEdits.People + HasTrigrams + Enabled + Earlier;
    public const string CountFoundSql = Count + HasTrigrams + Most;

    private const string Count = "select count(*)::int from (select from users u ";
    private const string Most = "limit @most) as found";

    /// <summary>A page of people.</summary>
    public async Task<Slice<UserOverview>> ListAsync(
        UserSearch search, Cursor cursor, int length, DateTimeOffset now, CancellationToken cancel)
    {
        var key = Key.Of(cursor.Before ?? cursor.After, search.Newest);
        if (key is null) cursor = new Cursor(null, null);
        var values = new
        {
            text = search.Text,
            at = key?.At?.UtcDateTime,
            after = cursor.After is null ? null : key?.Text,
            before = cursor.Before is null ? null : key?.Text,
            limit = length + 1,
            now = now.UtcDateTime,
            most = Slice.MostCounted + 1,
        };
        var fits = (search.Text.Length switch { 0 => All, < 3 => Has, _ => HasTrigrams })
            + search.Role switch { "admin" => Administrators, "user" => Others, _ => "" }
            + search.Enabled switch { true => Enabled, false => Disabled, null => "" };
        var page = (search.Newest, cursor.Before is null) switch
        {
            (false, true) => Next + ByName,
            (false, false) => Back + ByNameBack,
            (true, true) => Later,
            (true, false) => Earlier,
        };
        return await replica.ReadAsync(async from =>
        {
            var found = await from.ListAsync<UserOverview>(UserEdits.People + fits + page, values, cancel);
            return Slice.Of(found, cursor, length, await from.FindAsync<int>(Count + fits + Most, values, cancel));
        }, cancel);
    }

    /// <summary>Where the page before or after a person begins.</summary>
    public static string KeyOf(UserOverview person, UserSearch search) =>
        search.Newest ? $"{person.CreatedAt.UtcDateTime:O} {person.Subject}" : person.Username;

    // By name: the name. By creation: its moment and the subject.
    private sealed record Key(DateTimeOffset? At, string Text)
    {
        public static Key? Of(string? cursor, bool newest)
        {
            if (cursor is null) return null;
            if (!newest) return new Key(null, cursor);
            return cursor.Split(' ') is [var moment, var subject] && Guid.TryParse(subject, out _)
                && DateTimeOffset.TryParse(moment, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
                ? new Key(at, subject) : null;
        }
    }
}
