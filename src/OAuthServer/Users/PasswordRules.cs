using System.Reflection;
using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Users;

/// <summary>Why a new password is not taken.</summary>
public enum PasswordProblem
{
    TooShort,
    TooLong,
    HasNul,
    IsAboutThem,
    IsTheOldOne,
    IsKnown,
}

/// <summary>What is wrong with a new password.</summary>
/// <param name="Number">Of one too short: the least characters; of one too long: how many octets of UTF-8 it has.</param>
public sealed record PasswordFlaw(PasswordProblem Problem, int Number = 0);

/// <summary>
/// NIST SP 800-63B-4 §3.1.1.2, for pages, commands and links alike: length is what counts, nothing is said about which characters. No
/// password that is known, nor one made of the person's name, address, or this server's name. Old passwords stay valid.
/// </summary>
public sealed class PasswordRules(Settings settings, BreachedPasswords breached)
{
    private const int LeastWithSecondFactor = 8;
    private const int MostOctets = 72;

    // Fewer characters beside the known words are no password.
    private const int LeastBeside = 5, ShortestWord = 3;

    private static readonly HashSet<string> Common = ReadCommon();

    /// <summary>The least characters.</summary>
    /// <param name="hasSecondFactor">Whether the person must use a second factor.</param>
    public int Least(bool hasSecondFactor = false) => hasSecondFactor ? LeastWithSecondFactor : settings.PasswordMinimum;

    /// <summary>What is wrong with it, or null.</summary>
    /// <param name="about">What is known of the person: user name, address, names; null and empty ones are left out.</param>
    /// <param name="old">What was typed as the password until now.</param>
    public PasswordFlaw? FlawOf(string password, IEnumerable<string?> about, string? old = null, bool hasSecondFactor = false)
    {
        if (password.EnumerateRunes().Count() < Least(hasSecondFactor)) return new(PasswordProblem.TooShort, Least(hasSecondFactor));
        var octets = Encoding.UTF8.GetByteCount(password);
        if (octets > MostOctets) return new(PasswordProblem.TooLong, octets);
        if (password.Contains('\0')) return new(PasswordProblem.HasNul);
        if (IsMadeOf(password, [.. about, settings.DisplayName, settings.IssuerAuthority])) return new(PasswordProblem.IsAboutThem);
        if (password == old) return new(PasswordProblem.IsTheOldOne);
        return Common.Contains(password.ToLowerInvariant()) || breached.Contains(password) ? new(PasswordProblem.IsKnown) : null;
    }

    private static bool IsMadeOf(string password, IEnumerable<string?> words)
    {
        var left = Letters(password);
        // The longest first: a name is part of an address.
        foreach (var word in words.Select(word => Letters(word ?? "")).Where(word => word.Length >= ShortestWord)
                     .OrderByDescending(word => word.Length))
            left = left.Replace(word, "", StringComparison.Ordinal);
        return left.Length < LeastBeside && left.Length < Letters(password).Length;
    }

    private static string Letters(string text) => string.Concat(text.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    private static HashSet<string> ReadCommon()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("users/common-passwords.txt")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
