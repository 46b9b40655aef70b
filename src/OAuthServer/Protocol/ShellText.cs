using System.Buffers;

namespace OAuthServer.Protocol;

/// <summary>Words of others in a command that somebody may copy into a shell.</summary>
public static class ShellText
{
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/@%+-");

    /// <summary>As it is where a shell takes it as one word and nothing else; else in single quotes.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word[0] != '-' && !word.AsSpan().ContainsAnyExcept(Plain) ? word
        : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
