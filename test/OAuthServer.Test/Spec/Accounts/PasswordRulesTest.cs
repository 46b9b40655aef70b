using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;
using OAuthServer.Users;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>NIST SP 800-63B-4 §3.1.1.2: what a new password must be, for pages, commands and links alike.</summary>
[Behaviour(94), Parallelizable(ParallelScope.All)]
public sealed class PasswordRulesTest
{
    private static readonly string[] Ada = ["ada", "ada.lovelace@example.com", "Ada Lovelace"];
    private static readonly Settings Usual = new() { Issuer = "https://auth.example.com", DisplayName = "Example accounts" };

    [TestCase("of 14 charact.", 15), TestCase("ÄÖÜ of 14 char", 15), TestCase("😀😀😀😀😀😀😀😀😀😀😀😀😀😀", 15), TestCase("", 15)]
    public void One_too_short_is_refused_by_its_characters_not_its_octets(string password, int least) =>
        Rules().FlawOf(password, Ada).Should().Be(new PasswordFlaw(PasswordProblem.TooShort, least));

    [Test]
    public void Fifteen_characters_are_enough_twelve_where_so_set_and_eight_with_a_second_factor()
    {
        Rules().FlawOf("fifteen charact", Ada).Should().BeNull();
        Rules(Usual with { PasswordMinimum = 12 }).FlawOf("twelve chars", Ada).Should().BeNull();
        Rules().FlawOf("eight ch", Ada, hasSecondFactor: true).Should().BeNull();
        Rules().FlawOf("seven c", Ada, hasSecondFactor: true).Should().Be(new PasswordFlaw(PasswordProblem.TooShort, 8));
    }

    [Test]
    public void One_too_long_is_refused_with_its_octets_and_nothing_is_cut()
    {
        Rules().FlawOf(new string('é', 36), Ada).Should().BeNull("72 octets fit");
        Rules().FlawOf(new string('x', 73), Ada).Should().Be(new PasswordFlaw(PasswordProblem.TooLong, 73));
        Rules().FlawOf(new string('é', 37), Ada).Should().Be(new PasswordFlaw(PasswordProblem.TooLong, 74));
        Rules().FlawOf("with a NUL \0 in it", Ada).Should().Be(new PasswordFlaw(PasswordProblem.HasNul));
    }

    [TestCase("Ada.Lovelace@Example.com"), TestCase("adalovelace-2026"), TestCase("Lovelace Lovelace"), TestCase("AUTH.EXAMPLE.COM 1"),
        TestCase("example-accounts-1"), TestCase("ada ada ada ada ada!")]
    public void One_made_of_the_name_the_address_or_the_server_is_refused(string password) =>
        Rules().FlawOf(password, [.. Ada, "Lovelace"]).Should().Be(new PasswordFlaw(PasswordProblem.IsAboutThem));

    [TestCase("ada likes difference engines"), TestCase("correct horse battery"), TestCase("               "),
        TestCase("1234 5678 9012 34")]
    public void What_else_it_is_made_of_is_nobodys_business(string password) => Rules().FlawOf(password, Ada).Should().BeNull();

    [TestCase("password"), TestCase("Password1"), TestCase("TRUSTNO1"), TestCase("iloveyou")]
    public void A_common_one_is_refused_where_eight_suffice(string password) =>
        Rules().FlawOf(password, Ada, hasSecondFactor: true).Should().Be(new PasswordFlaw(PasswordProblem.IsKnown));

    [Test]
    public void The_old_one_is_no_new_one() =>
        Rules().FlawOf("correct horse battery", Ada, "correct horse battery").Should().Be(new PasswordFlaw(PasswordProblem.IsTheOldOne));

    [TestCase(true, "\r\n"), TestCase(false, "\n")]
    public void One_in_the_file_of_leaks_is_refused_wherever_its_line_stands(bool counted, string end)
    {
        var leaked = Enumerable.Range(0, 500).Select(number => $"a leaked password, the {number}th").ToArray();
        var file = Path.GetTempFileName();
        try
        {
            var lines = leaked.Select(Digest).Order(StringComparer.Ordinal).Select((line, number) =>
                counted ? $"{line}:{number * 977}" : line);
            File.WriteAllText(file, string.Join(end, lines) + (counted ? "" : end));
            var rules = Rules(Usual with { BreachedPasswordsFile = file });

            leaked.Should().OnlyContain(password => rules.FlawOf(password, Ada, null, false)!.Problem == PasswordProblem.IsKnown);
            Enumerable.Range(500, 500).Select(number => $"a leaked password, the {number}th")
                .Should().OnlyContain(password => rules.FlawOf(password, Ada, null, false) == null);
            BreachedPasswords.Problem(file).Should().BeNull();
        }
        finally { File.Delete(file); }
    }

    [Test]
    public void A_file_that_is_no_such_file_is_told_at_start()
    {
        var file = Path.GetTempFileName();
        try
        {
            BreachedPasswords.Problem(file).Should().Contain("sorted SHA-1");
            File.WriteAllText(file, "password\n123456\n");
            BreachedPasswords.Problem(file).Should().Contain("sorted SHA-1");
            BreachedPasswords.Problem(file + "x").Should().Be("there is no such file");
        }
        finally { File.Delete(file); }
    }

    private static PasswordRules Rules(Settings? settings = null) =>
        new(settings ?? Usual, new BreachedPasswords(settings ?? Usual));

#pragma warning disable CA5350 // As the files of Have I Been Pwned have it.
    private static string Digest(string password) => Convert.ToHexString(SHA1.HashData(Encoding.UTF8.GetBytes(password)));
#pragma warning restore CA5350
}
