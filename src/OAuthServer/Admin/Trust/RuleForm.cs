using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Admin.Trust;

/// <summary>The row of a rule of workloads as its form says it, and back.</summary>
internal static class RuleForm
{
    /// <summary>The fields, by the names of their columns, with their labels in English.</summary>
    public static IReadOnlyList<(string Name, string Label)> Columns { get; } =
    [
        ("issuer", "Issuer"), ("client_id", "Client"), ("claims", "Claims"), ("resources", "Resources"), ("scopes", "Scopes"),
        ("note", "Note"),
    ];

    /// <summary>What is there before anything was typed.</summary>
    public static RuleRow New { get; } = new()
    {
        Id = 0,
        Issuer = "",
        ClientId = "",
        Claims = "{}",
        Resources = null,
        Scopes = null,
        Enabled = true,
        Note = "",
        GrantId = null,
    };

    /// <summary>A field's text in a row; null: empty.</summary>
    public static string? Value(RuleRow row, string name) => name switch
    {
        "issuer" => row.Issuer,
        "client_id" => row.ClientId,
        "claims" => row.Claims,
        "resources" => string.Join('\n', row.Resources ?? []),
        "scopes" => string.Join('\n', row.Scopes ?? []),
        "note" => row.Note,
        _ => null,
    };

    /// <summary>The row that was typed; what no column could take is as it was before, and said in <paramref name="problems"/>.</summary>
    public static RuleRow Read(Parameters form, RuleRow before, Language say, Dictionary<string, string> problems)
    {
        var typed = new TypedValues(form, say, problems);
        return before with
        {
            Issuer = typed.Text("issuer") ?? "",
            ClientId = typed.Text("client_id") ?? "",
            Claims = typed.Json("claims", before.Claims) ?? "{}",
            Resources = typed.List("resources") is { Length: > 0 } resources ? resources : null,
            Scopes = typed.List("scopes") is { Length: > 0 } scopes ? scopes : null,
            Note = form["note"] ?? "",
            Version = form["version"] ?? "",
        };
    }

    /// <summary>The edit of a row. A refused column, and whatever depends on it, is judged on as what no trigger refuses.</summary>
    public static RowEdit<RuleRow> Edit(RuleRow row, bool write) => new()
    {
        Row = row,
        Restore = (one, column) => column switch
        {
            "claims" => one with { Claims = """{"sub": "to-be-judged"}""" },
            // Of a client that is none, nothing else can be judged.
            "client_id" => one with { Enabled = false, Resources = null, Scopes = null },
            "resources" => one with { Resources = null },
            "scopes" => one with { Scopes = null },
            _ => one,
        },
        Write = write,
    };
}
