using System.Globalization;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Admin.Trust;

/// <summary>The row of a trusted issuer as its form says it, and back.</summary>
internal static class IssuerForm
{
    // What a column that was refused is judged on with: it is never written.
    private const string Judged = "https://to-be-judged.invalid";

    /// <summary>The fields that can be edited, by the names of their columns, with their labels in English.</summary>
    public static IReadOnlyList<(string Name, string Label)> Columns { get; } =
    [
        ("kind", "Kind"), ("name", "Name"), ("jwks", "Public keys"), ("jwks_uri", "Public keys at a URL"), ("algs", "Algorithms"),
        ("max_age_seconds", "Oldest assertion (seconds)"), ("audience", "Audience"), ("must_name", "Claims each rule names"),
        ("single_use", "Each assertion works once"), ("clients", "Clients that may bring its assertions"),
        ("create_people", "People nobody here is linked to are added"), ("note", "Note"),
    ];

    /// <summary>What is there before anything was typed.</summary>
    public static IssuerRow New { get; } = IssuerRow.New(Judged, "people", "x");

    /// <summary>A field's text in a row; null: empty, or not ticked.</summary>
    public static string? Value(IssuerRow row, string name) => name switch
    {
        "issuer" => row.Issuer,
        "kind" => row.Kind,
        "name" => row.Name,
        "jwks" => row.Jwks,
        "jwks_uri" => row.JwksUri,
        "audience" => row.Audience,
        "algs" => string.Join(' ', row.Algs),
        "max_age_seconds" => row.MaxAgeSeconds.ToString(CultureInfo.InvariantCulture),
        "single_use" => row.SingleUse ? "yes" : null,
        "clients" => string.Join(' ', row.Clients),
        "create_people" => row.CreatePeople ? "yes" : null,
        "must_name" => string.Join(' ', row.MustName),
        "note" => row.Note,
        _ => null,
    };

    /// <summary>The row that was typed; what no column could take is as it was before, and said in <paramref name="problems"/>.</summary>
    public static IssuerRow Read(Parameters form, IssuerRow before, Language say, Dictionary<string, string> problems)
    {
        var typed = new TypedValues(form, say, problems);
        return before with
        {
            Kind = form["kind"] ?? before.Kind,
            Name = form["name"] ?? "",
            Jwks = typed.Json("jwks", before.Jwks),
            JwksUri = typed.Text("jwks_uri"),
            Audience = typed.Text("audience"),
            Algs = typed.List("algs"),
            MaxAgeSeconds = typed.Number("max_age_seconds", before.MaxAgeSeconds),
            SingleUse = typed.Ticked("single_use"),
            Clients = typed.List("clients"),
            CreatePeople = typed.Ticked("create_people"),
            MustName = typed.List("must_name"),
            Note = form["note"] ?? "",
        };
    }

    /// <summary>The edit of a row. A refused column, and whatever depends on it, is judged on as what no trigger refuses.</summary>
    public static RowEdit<IssuerRow> Edit(IssuerRow row, IssuerRow before, bool write)
    {
        return new() { Row = row, Restore = Restore, Write = write };

        IssuerRow Restore(IssuerRow one, string column) => column switch
        {
            "issuer" => one with { Issuer = before.Issuer },
            "kind" => one with { Kind = before.Kind },
            "name" => one with { Name = before.Name },
            "jwks" => one with { Jwks = null, JwksUri = Judged },
            "jwks_uri" => one with { JwksUri = one.Jwks is null ? Judged : null },
            "audience" => one with { Audience = null, MustName = one.Kind == "people" ? [] : one.MustName, SingleUse = false },
            "algs" => one with { Algs = [] },
            "max_age_seconds" => one with { MaxAgeSeconds = 0 },
            "clients" => one with { Clients = [], CreatePeople = false },
            "must_name" => one with { MustName = before.MustName },
            _ => one,
        };
    }
}
