using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Architecture;

/// <summary>A file is read in one sitting, and without scrolling to the side.</summary>
[Parallelizable(ParallelScope.All)]
public sealed partial class LayoutTest
{
    private const int Width = 140;
    private const int Length = 250;
    private const int TestLength = 400;

    private static IEnumerable<(string Path, string[] Lines)> Files(string folder) =>
        from file in Directory.EnumerateFiles(Path.Combine(TestDatabase.Root, folder), "*.cs", SearchOption.AllDirectories)
        let path = Path.GetRelativePath(TestDatabase.Root, file)
        where !path.Contains("/obj/") && !path.Contains("/bin/") && !path.Contains("/node_modules/")
        select (path, File.ReadAllLines(file));

    [Test]
    public void No_line_passes_140_columns_but_for_a_text_that_is_longer_by_itself()
    {
        var wide = from file in Files("src").Concat(Files("test"))
                   from line in file.Lines
                   where line.Length > Width && !LongText().IsMatch(line)
                   select $"{file.Path}: {line.Trim()}";

        wide.Should().BeEmpty();
    }

    [Test]
    public void No_file_of_the_server_passes_250_lines() =>
        Files("src").Where(file => file.Lines.Length > Length).Select(file => file.Path).Should().BeEmpty();

    [Test]
    public void No_file_of_the_tests_passes_400_lines() =>
        Files("test").Where(file => file.Lines.Length > TestLength).Select(file => file.Path).Should().BeEmpty();

    // The key of a translation, or a regular expression, stays in one piece.
    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.){80,}\"")]
    private static partial Regex LongText();
}
