using System.Security.Cryptography;
using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Users;

/// <summary>
/// Passwords known from leaks: a file of the operator's, searched where it lies. A line each, SHA-1 in hexadecimal, sorted, with or without
/// a count behind a colon, as Have I Been Pwned gives them. No password leaves this machine.
/// </summary>
public sealed class BreachedPasswords(Settings settings)
{
    private const int DigestCharacters = 40;

    // Longer than any line.
    private const int Window = 128;

    /// <summary>Whether it is in the file; false where there is none.</summary>
    public bool Contains(string password)
    {
        if (settings.BreachedPasswordsFile.Length == 0) return false;
#pragma warning disable CA5350 // The file's own digest; nothing rests on its strength.
        var wanted = Convert.ToHexString(SHA1.HashData(Encoding.UTF8.GetBytes(password)));
#pragma warning restore CA5350
        using var file = File.OpenHandle(settings.BreachedPasswordsFile, options: FileOptions.RandomAccess);
        var octets = new byte[2 * Window];
        for (long low = 0, high = RandomAccess.GetLength(file); low < high;)
        {
            // The line that the middle is in: both ends are within the window.
            var middle = low + ((high - low) / 2);
            var from = Math.Max(0, middle - Window);
            var read = octets.AsSpan(0, RandomAccess.Read(file, octets, from));
            var at = (int)(middle - from);
            var start = read[..at].LastIndexOf((byte)'\n') + 1;
            var end = read[at..].IndexOf((byte)'\n') is var line and >= 0 ? at + line + 1 : read.Length;
            if (end - start < DigestCharacters) return false;
            var order = string.Compare(wanted, Encoding.ASCII.GetString(read.Slice(start, DigestCharacters)),
                StringComparison.OrdinalIgnoreCase);
            if (order == 0) return true;
            if (order < 0) high = from + start;
            else low = from + end;
        }

        return false;
    }

    /// <summary>Why this is no such file, as far as its first line shows; null: it may be one.</summary>
    public static string? Problem(string file)
    {
        try
        {
            using var reader = new StreamReader(file);
            return reader.ReadLine() is { Length: >= DigestCharacters and < Window } line
                && line.AsSpan(0, DigestCharacters).IndexOfAnyExcept("0123456789abcdefABCDEF") < 0
                ? null : "write a file of sorted SHA-1 digests, a line each, as Have I Been Pwned has them";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return fault is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : "the file cannot be read";
        }
    }
}
