using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OAuthServer.Cli;

/// <summary>
/// Where a verb's words go: results on stdout, refusals on stderr; text for people or, with --json, one JSON object each.
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

    /// <summary>The result, in both forms.</summary>
    public int Done(object result, string text)
    {
        results.WriteLine(json ? JsonSerializer.Serialize(result, Form) : text);
        return 0;
    }

    /// <summary>What is wrong, and what to do next.</summary>
    public int Refuse(string problem, string? next = null, int exitCode = 1)
    {
        errors.WriteLine(json
            ? JsonSerializer.Serialize(new { error = problem, next }, Form)
            : next is null ? Sentence(problem) : $"{Sentence(problem)} {next}");
        return exitCode;
    }

    /// <summary>Everything that is wrong with the command line or the settings.</summary>
    public int Misuse(string problem, IReadOnlyList<string> details, string next)
    {
        errors.WriteLine(json
            ? JsonSerializer.Serialize(new { error = problem, details, next }, Form)
            : string.Join('\n', [.. details, next]));
        return 2;
    }

    private static string Sentence(string text) => text.EndsWith('.') || text.EndsWith('?') ? text : text + ".";
}
