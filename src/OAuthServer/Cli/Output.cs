using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>
/// Where a verb's words go: results on stdout, refusals on stderr; text for people or, with --json, one JSON object each.
/// Names come from unregistered clients, too (RFC 7591): whatever would drive a terminal is escaped here, for every verb.
/// Exit codes: 0 done, 1 refused or not found, 2 wrong usage or settings.
/// </summary>
internal sealed class Output(bool json, TextWriter results, TextWriter errors)
{
    private static readonly JsonSerializerOptions Form = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // For a terminal, not for HTML; control characters are escaped all the same.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Whether a program reads it.</summary>
    public bool IsJson => json;

    /// <summary>The result, in both forms.</summary>
    public int Done(object result, string text)
    {
        results.WriteLine(json ? Json(result) : VisibleText.Escape(text, lines: true));
        return 0;
    }

    /// <summary>A file for spreadsheets, which has line ends of its own.</summary>
    public int Csv(string text)
    {
        results.Write(string.Join("\r\n", text.Split("\r\n").Select(line => VisibleText.Escape(line, lines: true))));
        return 0;
    }

    /// <summary>What is wrong, and what to do next.</summary>
    public int Refuse(string problem, string? next = null, int exitCode = 1)
    {
        errors.WriteLine(json
            ? Json(new { error = problem, next })
            : VisibleText.Escape(next is null ? Sentence(problem) : $"{Sentence(problem)} {next}", lines: true));
        return exitCode;
    }

    /// <summary>What the database did not take, each with its hint.</summary>
    public int Refuse(IReadOnlyList<EditRefusal> refusals) =>
        Refuse(string.Join('\n', refusals.Select(one => Sentence(one.Message) + (one.Hint is { } hint ? $" {hint}" : ""))),
            "Nothing was changed.");

    /// <summary>Everything that is wrong with the command line or the settings.</summary>
    public int Misuse(string problem, IReadOnlyList<string> details, string next)
    {
        errors.WriteLine(json
            ? Json(new { error = problem, details, next })
            : VisibleText.Escape(string.Join('\n', [.. details, next]), lines: true));
        return 2;
    }

    private static string Json(object result) => VisibleText.EscapeJson(JsonSerializer.Serialize(result, Form));

    private static string Sentence(string text) => text.EndsWith('.') || text.EndsWith('?') ? text : text + ".";
}
