using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using CsCheck;
using FluentAssertions;
using Microsoft.AspNetCore.WebUtilities;
using NUnit.Framework;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Http;

/// <summary>Short forms, read by our own parser: the same as the framework reads long ones.</summary>
[Rfc(6749, "B"), Parallelizable(ParallelScope.All)]
public sealed class FormTextTest
{
    private static readonly string[] Names = ["a", "b", "ä", "client_id", "scope", ""];

    // No two names that differ only in case: the framework takes them for one, and we do not.
    private static readonly Gen<string> Bodies = Any.Of(
        [.. Names, "=", "==", "&", "+", "%", "%4", "%61", "%zz", "%2B", "%26", "%3D", "%c3%A4"]);

    [Test]
    public void Any_pairs_are_read_as_they_were_written() =>
        Gen.Select(Any.Text, Any.Text).Array[0, 12].Sample(texts =>
        {
            var pairs = texts.Index().Select(one => (Name: $"{one.Index}{one.Item.Item1}", Value: one.Item.Item2)).ToArray();
            var body = string.Join('&', pairs.Select(pair => $"{Escaped(pair.Name)}={Escaped(pair.Value)}"));
            var parameters = Read(body)!;
            return parameters.Problem() is null && pairs.All(pair => (parameters[pair.Name] ?? "") == pair.Value);
        }, iter: 1000);

    [Test]
    public void Any_body_of_text_is_read_as_the_framework_reads_it() => Bodies.Sample(body =>
    {
        var (ours, theirs) = (Read(body)!, Framework(body));
        // Where it leaves %ba as it came, we refuse: no text.
        return ours.Malformed is not null
            || (ours.All.OrderBy(pair => pair.Key).SequenceEqual(theirs.All.OrderBy(pair => pair.Key))
                && Array.TrueForAll(Names, name => ours.IsRepeated(name) == theirs.IsRepeated(name)));
    }, iter: 5000);

    [TestCase("a=%00"), TestCase("a=%FF"), TestCase("a=%ED%A0%80"), TestCase("a=%C3"), TestCase("a=\u00ff"), TestCase("%FF=a")]
    public void Octets_that_are_no_text_are_malformed(string body) =>
        FormText.Read(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(body)), 100, 256)!.Problem().Should().NotBeNull();

    [Test]
    public void Too_many_pairs_and_too_long_names_are_no_form()
    {
        var most = string.Join('&', Enumerable.Range(0, 100).Select(i => $"k{i}=v"));
        Read(most).Should().NotBeNull();
        Read(most + "&").Should().NotBeNull("nothing follows the ampersand");
        Read(most + "&k=v").Should().BeNull();
        Read(new string('n', 256) + "=v").Should().NotBeNull();
        Read(new string('n', 257) + "=v").Should().BeNull();
        Read(new string('n', 257)).Should().BeNull();
    }

    [Test]
    public void A_body_in_pieces_is_one_form()
    {
        var first = new Segment("grant_type=client_cre"u8.ToArray());
        var last = first.Append("dentials&sco"u8.ToArray()).Append("pe=a+b"u8.ToArray());

        var parameters = FormText.Read(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length), 100, 256)!;

        parameters["grant_type"].Should().Be("client_credentials");
        parameters["scope"].Should().Be("a b");
    }

    private static string Escaped(string text) => Uri.EscapeDataString(text).Replace("%20", "+");

    private static Parameters? Read(string body) => FormText.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body)), 100, 256);

    private static Parameters Framework(string body)
    {
        var reader = new FormPipeReader(PipeReader.Create(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body))));
        var form = reader.ReadFormAsync().GetAwaiter().GetResult();
        return new Parameters(form.SelectMany(pair => pair.Value.Select(value => (pair.Key, value ?? ""))));
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] octets) => Memory = octets;

        public Segment Append(byte[] octets)
        {
            var next = new Segment(octets) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
