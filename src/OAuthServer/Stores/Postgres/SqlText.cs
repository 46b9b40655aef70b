namespace OAuthServer.Stores.Postgres;

/// <summary>Statements an administrator could type instead: shown, never run.</summary>
internal static class SqlText
{
    /// <summary>A text as PostgreSQL reads it, whatever is in it and however standard_conforming_strings is set.</summary>
    public static string Quote(string text)
    {
        var quoted = "'" + text.Replace("'", "''") + "'";
        return text.Contains('\\') ? "E" + quoted.Replace("\\", "\\\\") : quoted;
    }

    /// <summary>Several, for in (…).</summary>
    public static string List(IEnumerable<string> texts) => string.Join(", ", texts.Select(Quote));

    /// <inheritdoc cref="Quote(string)"/>
    public static string Quote(Guid id) => $"'{id}'";
}
