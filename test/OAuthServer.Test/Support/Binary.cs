using System.Diagnostics;
using System.Text;

namespace OAuthServer.Test.Support;

/// <summary>The real binary as an operator runs it, on the database of a running server.</summary>
public static class Binary
{
    public static Task<BinaryRun> RunBinaryAsync(this TestServer server, string? input, params string[] arguments) =>
        server.RunBinaryOnAsync(Encoding.UTF8.GetBytes(input ?? ""), arguments);

    /// <param name="input">Octets for its standard input.</param>
    public static async Task<BinaryRun> RunBinaryOnAsync(this TestServer server, byte[] input, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "oauth-server.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ConnectionStrings__OAuth"] = server.Settings.Database;
        start.Environment["OAuth__Issuer"] = server.Issuer;
        start.Environment["OAuth__KeyEncryptionKey"] = server.Settings.KeyEncryptionKey;
        start.Environment["OAuth__BcryptCost"] = "10";
        using var process = Process.Start(start)!;
        await process.StandardInput.BaseStream.WriteAsync(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new BinaryRun(process.ExitCode, output, await error);
    }
}

/// <summary>How a run ended and what it printed.</summary>
public sealed record BinaryRun(int Code, string Out, string Error);
