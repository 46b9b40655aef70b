using System.Text.Json;

namespace OAuthServer.Stores.Postgres;

/// <summary>How well a figure is known.</summary>
public enum Exactness
{
    /// <summary>Counted.</summary>
    Exact,

    /// <summary>As PostgreSQL's planner expects, as good as its statistics; two digits of it count.</summary>
    About,

    /// <summary>Not more than that by far: of what the planner's statistics do not name, it expects half of what it may be.</summary>
    AtMost,

    /// <summary>There are more; nobody counted on.</summary>
    MoreThan,
}

/// <summary>How many rows there are, found out in little time.</summary>
public readonly record struct Figure(long Rows, Exactness Exactness)
{
    /// <summary>In the planner's units, of which reading an 8 KB page in order is one: some twenty milliseconds.</summary>
    internal const double MostCost = 5_000;

    /// <summary>Rounds what the planner expects.</summary>
    public static Figure About(double rows)
    {
        var unit = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(Math.Max(rows, 1))) - 1));
        return new((long)(Math.Round(rows / unit) * unit), Exactness.About);
    }
}

/// <summary>Counts rows for pages, which may not take longer the more there are.</summary>
internal static class Figures
{
    /// <summary>Counts where that is quick; else an estimate.</summary>
    /// <param name="sql">The rows: a select without order, of columns whose statistics say it all.</param>
    public static async Task<Figure> CountAsync(this Database database, string sql, object? values, CancellationToken cancel)
    {
        var plan = JsonDocument.Parse((await database.FindAsync<string>("explain (format json) " + sql, values, cancel))!);
        using (plan)
        {
            var whole = plan.RootElement[0].GetProperty("Plan");
            if (whole.GetProperty("Total Cost").GetDouble() > Figure.MostCost)
                return Figure.About(whole.GetProperty("Plan Rows").GetDouble());
        }

        return new(await database.FindAsync<long>($"select count(*) from ({sql}) as counted", values, cancel),
            Exactness.Exact);
    }

    /// <summary>Counts so far and no further: for rows that no statistics tell.</summary>
    /// <param name="sql">The rows: a select without order, found by an index.</param>
    public static async Task<Figure> CountAsync(
        this Database database, string sql, int most, object? values, CancellationToken cancel)
    {
        var rows = await database.FindAsync<long>($"select count(*) from ({sql} limit {most + 1}) as counted", values, cancel);
        return rows > most ? new(most, Exactness.MoreThan) : new(rows, Exactness.Exact);
    }

    /// <summary>Whom the end of a resource or scope would reach.</summary>
    /// <param name="grants">The grants it is in.</param>
    /// <param name="clients">The clients that name it: client_id.</param>
    public static async Task<Usage> UsageAsync(
        this Database database, string grants, string clients, object values, CancellationToken cancel)
    {
        var live = await database.CountAsync(grants, values, cancel);
        return new Usage
        {
            // An element of an array: the statistics name the frequent ones only.
            Grants = live.Exactness == Exactness.About ? Figure.About(2.0 * live.Rows) with { Exactness = Exactness.AtMost } : live,
            Clients = await database.CountAsync(clients, Usage.MostCounted, values, cancel),
            // Not the first of all, which would be looked for among all clients.
            Named = await database.ListAsync<string>(
                $"select client_id from ({clients} limit {Usage.MostCounted}) as known order by client_id limit {Usage.MostNamed}",
                values, cancel),
        };
    }
}
