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
    public int Done(object result, string text, int exitCode = 0)
    {
        results.WriteLine(json ? Json(result) : VisibleText.Escape(text, lines: true));
        return exitCode;
    }

    /// <summary>A part of a result that takes its time; with --json there is only the whole.</summary>
    public void Part(string text)
    {
        if (!json) results.WriteLine(VisibleText.Escape(text, lines: true));
    }

    /// <summary>Says how far a long act is: to whoever watches a terminal, once a second.</summary>
    public static Action<FormattableString> Progress()
    {
        var last = TimeProvider.System.GetTimestamp();
        return far =>
        {
            if (Console.IsErrorRedirected || TimeProvider.System.GetElapsedTime(last) < TimeSpan.FromSeconds(1)) return;
            last = TimeProvider.System.GetTimestamp();
            Console.Error.WriteLine(FormattableString.Invariant(far));
        };
    }

    /// <summary>A record of a file for spreadsheets, which has line ends of its own.</summary>
    public void Csv(string record) =>
        results.Write(string.Join("\r\n", record.Split("\r\n").Select(line => VisibleText.Escape(line, lines: true))));

    /// <summary>What is wrong, and what to do next.</summary>
    public int Refuse(string problem, string? next = null, int exitCode = 1)
    {
        errors.WriteLine(json
            ? Json(new { error = problem, next })
            : VisibleText.Escape(next is null ? Sentence(problem) : $"{Sentence(problem)} {next}", lines: true));
        return exitCode;
    }

    /// <summary>Lines for another program, as they are.</summary>
    public void Lines(IEnumerable<string> lines)
    {
        foreach (var line in lines) results.WriteLine(line);
    }

    /// <summary>A result that some of what was given has no part in: exit code 1.</summary>
    public int Incomplete(object result, string text)
    {
        if (json) results.WriteLine(Json(result));
        else errors.WriteLine(VisibleText.Escape(text, lines: true));
        return 1;
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
