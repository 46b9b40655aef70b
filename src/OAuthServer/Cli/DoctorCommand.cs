using System.CommandLine;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OAuthServer.Diagnosis;
using OAuthServer.Protocol;

namespace OAuthServer.Cli;

/// <summary>doctor: examines an authorization server from outside, ours or another. Needs neither settings nor a database.</summary>
internal static class DoctorCommand
{
    private static readonly Argument<string> Url = new("URL") { Description = "The issuer, as clients are configured with it" };

    private static readonly Option<string?> Username =
        Text("--username", "NAME", "Sign in with this name and examine a code flow, with a client that is registered for it and deleted");

    private static readonly Option<bool> Stdin =
        new("--password-stdin") { Description = "Read the password from standard input: one line, UTF-8; else it is asked for" };

    private static readonly Option<string?> Client = Text("--client-id", "ID", "A public client to use in place of a registered one");

    private static readonly Option<string?> Redirect =
        Text("--redirect-uri", "URI", "The redirect URI of that client; nothing is sent there");

    private static readonly Option<string?> Resource = Text("--resource", "URI", "An API: its metadata, and a token for it");

    private static readonly Option<string?> Scope = Text("--scope", "SCOPE", "What to request, in place of the server's default");

    private static readonly Option<string?> Ca = Text("--ca-file", "FILE",
        "Trust the certificates of this PEM file in place of the system's");

    public static CliCommand Make() => CliCommand.Alone("doctor", "Examine an authorization server from outside, this one or another",
        "oauth-server doctor https://auth.example.com --username alice", [Url, Username, Stdin, Client, Redirect, Resource, Scope, Ca],
        async (parse, output, cancel) =>
    {
        if (Read(parse, out var problem) is not { } options)
            return output.Misuse("The command was not understood", [problem!], "oauth-server doctor --help says more.");
        var findings = new List<Finding>();
        // Not killed at once: a client that was registered is deleted first.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            await foreach (var finding in Doctor.ExamineAsync(options, TimeProvider.System, stop.Token))
            {
                findings.Add(finding);
                output.Part(Line(finding));
            }
        }
        catch (OperationCanceledException)
        {
            return output.Refuse("Interrupted", "A throwaway client was deleted, where clients can delete themselves. Run it again to examine the rest.");
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }

        int Count(Verdict verdict) => findings.Count(finding => finding.Verdict == verdict);
        var counts =
            new
            {
                passed = Count(Verdict.Pass),
                warnings = Count(Verdict.Warn),
                failed = Count(Verdict.Fail),
                skipped = Count(Verdict.Skipped)
            };
        return output.Done(
            new
            {
                issuer = options.IssuerText,
                counts.passed,
                counts.warnings,
                counts.failed,
                counts.skipped,
                checks = findings.Select(finding =>
                    new { finding.Check, verdict = Name(finding), finding.Reason, finding.Remedy }),
            },
            $"\n{counts.passed} passed, {counts.warnings} warned, {counts.failed} failed, {counts.skipped} skipped.",
            counts.failed > 0 ? 1 : 0);
    }).Exits("0 nothing failed, 1 something failed");

    private static Option<string?> Text(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description };

    // Null with the problem.
    private static DoctorOptions? Read(ParseResult parse, out string? problem)
    {
        var (username, client, redirect) = (parse.GetValue(Username), parse.GetValue(Client), parse.GetValue(Redirect));
        problem = DoctorOptions.ProblemOf(parse.GetRequiredValue(Url), out var issuer);
        if (problem is null && (client is null) != (redirect is null))
            problem = "--client-id: name a public client with both --client-id and --redirect-uri";
        if (problem is null && redirect is not null && !Uri.IsWellFormedUriString(redirect, UriKind.Absolute))
            problem = "--redirect-uri: write an absolute URI, as it is registered";
        X509Certificate2Collection? roots = null;
        if (problem is null && parse.GetValue(Ca) is { } file) roots = Roots(file, out problem);
        if (problem is not null) return null;
        var password = username is null ? null : Password(parse.GetValue(Stdin), out problem);
        if (problem is not null) return null;
        var options = new DoctorOptions
        {
            Issuer = issuer!,
            Username = username,
            Password = password,
            ClientId = client,
            Resource = parse.GetValue(Resource),
            Scope = parse.GetValue(Scope),
            Roots = roots,
        };
        return redirect is null ? options : options with { RedirectUri = redirect };
    }

    private static string? Password(bool stdin, out string? problem)
    {
        problem = null;
        if (stdin) return Cli.Stdin.Line(Console.OpenStandardInput(), out problem);
        if (!Console.IsInputRedirected) return Terminal.Ask("Password: ");
        problem = "--username: there is no terminal to ask for the password on. Pipe it in: … --password-stdin < FILE";
        return null;
    }

    private static X509Certificate2Collection? Roots(string file, out string? problem)
    {
        problem = null;
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(file);
            if (roots.Count > 0) return roots;
        }
        catch (Exception fault) when (fault is CryptographicException or IOException or UnauthorizedAccessException)
        {
            // Said below.
        }

        problem = $"--ca-file: name a PEM file with certificates; {file} is none";
        return null;
    }

    // What is to be done stands below what was seen.
    private static string Line(Finding finding) =>
        $"{Name(finding),-7}  {finding.Check}: {One(finding.Reason)}{(finding.Remedy is null ? "" : $"\n         → {One(finding.Remedy)}")}";

    // What a server says must not begin a line.
    private static string One(string text) => VisibleText.Escape(text);

    private static string Name(Finding finding) => finding.Verdict.ToString().ToLowerInvariant();
}
