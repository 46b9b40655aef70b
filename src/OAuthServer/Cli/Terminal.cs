using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Cli;

/// <summary>Prompts a person at a terminal.</summary>
internal static class Terminal
{
    /// <summary>Whether the person at the terminal writes yes.</summary>
    public static bool Confirms(string question)
    {
        Console.Error.Write(VisibleText.Escape(question, lines: true));
        return string.Equals(Console.In.ReadLine()?.Trim(), "yes", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A line that is not shown while it is typed. The question goes to stderr: stdout is for results.</summary>
    public static string Ask(string question)
    {
        Console.Error.Write(question);
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace) typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar)) typed.Append(key.KeyChar);
        }

        Console.Error.WriteLine();
        return typed.ToString();
    }
}
