using System.Text;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>docs/tables.md is written from the comments of the migrated tables and columns, none of which lacks one.</summary>
public sealed class TablesPageTest
{
    private static readonly string Page = Path.Combine(TestDatabase.Root, "docs/tables.md");

    // Partitions have the columns of their table. An edit of what operators type into is audited by a trigger.
    private const string ColumnsSql = """
        select c.relname as name, obj_description(c.oid, 'pg_class') as about,
               exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid where t.tgrelid = c.oid and p.proname = 'audit_edit'),
               a.attname, format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then '' else ', may be null' end
                   || case when a.attgenerated <> '' then ', computed' when a.attidentity <> '' then ', a number of its own'
                           when d.adbin is not null
                               then ', default ' || regexp_replace(pg_get_expr(d.adbin, d.adrelid), '::[a-z ]+(\[\])?', '')
                           else '' end,
               col_description(c.oid, a.attnum)
          from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
          left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
         where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition and a.attnum > 0 and not a.attisdropped
         order by 3 desc, c.relname, a.attnum
        """;

    [Test]
    public async Task Tables_on_paper_are_those_migrated()
    {
        var columns = await ColumnsAsync();
        var page = Write(columns);
        if (Environment.GetEnvironmentVariable("UPDATE_SPEC") == "1") await File.WriteAllTextAsync(Page, page);

        (await File.ReadAllTextAsync(Page)).Should().Be(page, "`make spec` writes it");
    }

    [Test]
    public async Task Every_table_and_every_column_has_a_comment_that_is_a_sentence()
    {
        var columns = await ColumnsAsync();

        columns.Should().HaveCountGreaterThan(150, "else too little was read");
        columns.Where(column => !IsSentence(column.About)).Select(column => column.Table).Distinct().Should().BeEmpty();
        columns.Where(column => !IsSentence(column.Comment)).Select(column => $"{column.Table}.{column.Name}").Should().BeEmpty();
    }

    private static bool IsSentence(string? comment) => comment?.Trim() is { Length: > 15 } text && text[^1] is '.' or ')';

    private static string Write(List<Column> columns)
    {
        var page = new StringBuilder("""
            # Tables

            Written by `make spec` from the comments in the database, which `\d+ clients` in psql shows, too. Operators type into the first
            tables, and an edit there takes effect at once and leaves a row in `audit_events`; the others are the server's own, to be read.
            [access.md](access.md) has statements to copy, [sql/seed/clients.sql](../sql/seed/clients.sql) a row of every kind.

            """);
        foreach (var part in columns.GroupBy(column => column.IsOperators))
        {
            page.Append(part.Key ? "\n## What operators edit\n" : "\n## What the server keeps\n");
            foreach (var table in part.GroupBy(column => (column.Table, column.About)))
            {
                page.Append($"\n### {table.Key.Table}\n\n{table.Key.About}\n\n| column | type | meaning |\n|---|---|---|\n");
                foreach (var column in table)
                    page.Append($"| `{column.Name}` | {column.Type} | {column.Comment?.Replace("|", "\\|").ReplaceLineEndings(" ")} |\n");
            }
        }

        return page.ToString();
    }

    private static async Task<List<Column>> ColumnsAsync()
    {
        await using var source = NpgsqlDataSource.Create(await TestDatabase.CloneAsync());
        await using var command = source.CreateCommand(ColumnsSql);
        await using var reader = await command.ExecuteReaderAsync();
        var columns = new List<Column>();
        while (await reader.ReadAsync())
            columns.Add(new Column(reader.GetString(0), Text(1), reader.GetBoolean(2), reader.GetString(3), reader.GetString(4), Text(5)));
        return columns;

        string? Text(int place) => reader.IsDBNull(place) ? null : reader.GetString(place);
    }

    private sealed record Column(string Table, string? About, bool IsOperators, string Name, string Type, string? Comment);
}
