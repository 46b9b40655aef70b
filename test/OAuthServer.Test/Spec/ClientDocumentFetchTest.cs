using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Fetch;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Hosts that answer badly, on real https listeners; the issuer is on loopback, so loopback may be fetched from.</summary>
[Behaviour(18)]
public sealed class ClientDocumentFetchTest : ServerFixture
{
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [Test, Case("CIMD-024")]
    [TestCase(301), TestCase(302), TestCase(303), TestCase(307), TestCase(308)]
    public async Task A_redirect_is_not_followed(int status)
    {
        var target = await outside.GoodHostAsync();
        foreach (var location in new[] { "http://169.254.169.254/latest", "/other.json", target.Url() })
        {
            var host = await outside.HostAsync(Documents.Answer("", status: status, headers: ("Location", location)));
            var before = outside.Connections.Count;

            (await Server.RefusedAsync(host.Url()))
                .Should().BeEquivalentTo(new { Rule = "CIMD §5", Expected = "200", Got = $"{status}" },
                    it => it.ExcludingMissingMembers());

            host.Requests.Should().HaveCount(1);
            outside.Connections.Should().HaveCount(before + 1);
        }

        target.Requests.Should().BeEmpty();
    }

    [TestCase(201), TestCase(202), TestCase(203), TestCase(206), TestCase(300), TestCase(304), TestCase(400), TestCase(401), TestCase(403),
        TestCase(404), TestCase(410), TestCase(429), TestCase(500), TestCase(503)]
    public async Task Only_200_is_an_answer(int status)
    {
        var host = await outside.HostAsync(Documents.Answer(""));
        host.Answer = status == 304 ? http => { http.Response.StatusCode = 304; return Task.CompletedTask; }
        : Documents.Answer(Documents.Of(host.Url()), status: status);

        await Server.RefusedAsync(host.Url());
    }

    [TestCase("text/html"), TestCase("text/plain"), TestCase("text/json"), TestCase("application/javascript"),
        TestCase("application/jsonp"), TestCase("application/xml"), TestCase("image/svg+json"), TestCase("")]
    public async Task Another_content_type_is_refused(string type)
    {
        var host = await outside.HostAsync(Documents.Answer(""));
        host.Answer = Documents.Answer(Documents.Of(host.Url()), type: type);

        (await Server.RefusedAsync(host.Url())).Expected.Should().StartWith("application/json");
    }

    [TestCase("application/json"), TestCase("Application/JSON; charset=utf-8"), TestCase("application/client-metadata+json")]
    public async Task Json_is_taken_under_its_names(string type)
    {
        var host = await outside.HostAsync(Documents.Answer(""));
        host.Answer = Documents.Answer(Documents.Of(host.Url()), type: type);

        await Server.ResolvedAsync(host.Url());
    }

    [Test]
    public async Task A_content_coding_is_refused()
    {
        var host = await outside.HostAsync(Documents.Answer(""));
        host.Answer = Documents.Answer(Documents.Of(host.Url()), headers: ("Content-Encoding", "gzip"));

        await Server.RefusedAsync(host.Url());
    }

    [Test]
    public async Task The_request_says_nothing_of_who_asked()
    {
        var host = await outside.GoodHostAsync();
        var answer = host.Answer;
        var headers = "";
        host.Answer = http =>
        {
            headers = string.Join('\n', http.Request.Headers.Select(header => $"{header.Key}: {header.Value}"));
            return answer(http);
        };
        using var activity = new Activity("a request of ours").Start();

        await Server.ResolvedAsync(host.Url());

        headers.Split('\n').Select(line => line.Split(':')[0]).Should().BeEquivalentTo("Accept", "Connection", "Host", "User-Agent");
    }

    [Test]
    public async Task A_document_has_at_most_5_KB()
    {
        var host = await outside.HostAsync(Documents.Answer(""));
        var document = Documents.Of(host.Url());

        host.Answer = Documents.Answer(document.PadRight(5121));
        (await Server.RefusedAsync(host.Url())).Got.Should().Be("more");

        host.Answer = Documents.Answer(document.PadRight(5120));
        await Server.ResolvedAsync(host.Url());
    }

    [Test]
    public async Task An_endless_body_is_cut_off()
    {
        long sent = 0;
        var host = await outside.HostAsync(async http =>
        {
            http.Response.ContentType = "application/json";
            var chunk = Encoding.ASCII.GetBytes(new string(' ', 65536));
            while (!http.RequestAborted.IsCancellationRequested && sent < 1_000_000_000)
            {
                await http.Response.Body.WriteAsync(chunk, http.RequestAborted);
                sent += chunk.Length;
            }
        });

        (await Server.RefusedAsync(host.Url())).Got.Should().Be("more");

        sent.Should().BeLessThan(32_000_000, "what is more lies in the sockets' buffers");
    }

    [Test, Case("CIMD-029")]
    public async Task A_dripping_body_is_dropped_after_5_seconds()
    {
        var host = await outside.HostAsync(async http =>
        {
            http.Response.ContentType = "application/json";
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await http.Response.WriteAsync(" ", http.RequestAborted);
                await Task.Delay(200, http.RequestAborted);
            }
        });

        await DroppedAfter5SecondsAsync(host.Url());
    }

    [Test, Case("CIMD-029")]
    public async Task A_host_that_takes_the_connection_and_says_nothing_is_dropped_after_5_seconds()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        outside.Name("silent.example", "127.0.0.1");

        await DroppedAfter5SecondsAsync($"https://silent.example:{((IPEndPoint)listener.LocalEndpoint).Port}/c");
    }

    [Test]
    public async Task A_resolver_that_never_answers_is_dropped_after_5_seconds()
    {
        using var fetcher =
            new Fetcher(outside.Network with { ResolveAsync = (_, _) => new TaskCompletionSource<IPAddress[]>().Task }, Server.Settings,
                TimeProvider.System);

        var took = Stopwatch.StartNew();
        (await fetcher.FetchAsync(new Uri("https://never.example/c"), null)).Refused(out var error, out _).Should().BeTrue();

        error!.Reason.Should().Be("no complete answer in time");
        took.Elapsed.Should().BeCloseTo(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));
    }

    [Test]
    public async Task Huge_headers_are_refused()
    {
        var host = await outside.GoodHostAsync();
        var good = host.Answer;
        host.Answer = http =>
        {
            for (var i = 0; i < 20; i++) http.Response.Headers[$"X-{i}"] = new string('x', 1000);
            return good(http);
        };

        await Server.RefusedAsync(host.Url());
    }

    [Test, Case("CIMD-031")]
    [TestCase("{"), TestCase("null"),
        TestCase("{\"client_id\":\"URL\",\"client_id\":\"URL\",\"client_name\":\"a\",\"redirect_uris\":[\"https://app.example/cb\"]}")]
    public async Task An_ambiguous_request_is_refused_and_not_remembered(string body)
    {
        var host = await outside.HostAsync(Documents.Answer(""));
        host.Answer = Documents.Answer(body.Replace("URL", host.Url()));
        await Server.RefusedAsync(host.Url());

        host.Answer = Documents.Answer(Documents.Of(host.Url()));
        await Server.ResolvedAsync(host.Url());
    }

    [Test, Case("CIMD-032")]
    [TestCase("self-signed"), TestCase("expired"), TestCase("not yet"), TestCase("wrong name"), TestCase("another authority")]
    public async Task A_certificate_that_does_not_hold_is_refused_before_anything_is_asked(string what)
    {
        using var stranger = Certificates.Authority("Stranger");
        var host = await outside.HostAsync(Documents.Answer(""), name => what switch
        {
            "self-signed" => Certificates.Authority(name),
            "expired" => outside.Certificate(name, -10, -1),
            "not yet" => outside.Certificate(name, 1, 10),
            "wrong name" => outside.Certificate("other.example"),
            _ => Certificates.Leaf(stranger, name),
        });
        host.Answer = Documents.Answer(Documents.Of(host.Url()));

        (await Server.RefusedAsync(host.Url())).Expected.Should().Be("an answer over verified TLS");

        host.Requests.Should().BeEmpty();
    }

    // Kestrel itself would refuse the one certificate and ask the places of the other, so these two hosts speak TLS by hand.
    [Test, Case("CIMD-032")]
    public async Task A_certificate_for_another_usage_is_refused()
    {
        using var certificate = outside.Certificate("usage.example", usage: "1.3.6.1.5.5.7.3.2");

        (await RefusedByHandAsync("usage.example", certificate)).Expected.Should().Be("an answer over verified TLS");
    }

    [Test, Case("CIMD-032")]
    public async Task The_authorities_of_the_system_are_asked_when_no_test_brings_others()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var certificate = outside.Certificate("localhost");
        using var fetcher = new Fetcher(Network.OfTheSystem, Server.Settings, TimeProvider.System);

        var fetched = fetcher.FetchAsync(new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/c"), null);
        using var connection = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(connection.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext =
                SslStreamCertificateContext.Create(certificate, null, offline: true)
                });
            (await tls.ReadAsync(new byte[1])).Should().Be(0);
        }
        catch (Exception fault) when (fault is IOException or AuthenticationException)
        {
            // As above.
        }

        (await fetched).Refused(out var error, out _).Should().BeTrue();
        error!.Got.Should().Contain("certificate chain");
    }

    [Test]
    public async Task Places_that_a_certificate_names_are_never_asked()
    {
        using var canary = new TcpListener(IPAddress.Loopback, 0);
        canary.Start();
        using var stranger = Certificates.Authority("Stranger");
        using var certificate =
            Certificates.Leaf(stranger, "places.example", askAt: $"http://127.0.0.1:{((IPEndPoint)canary.LocalEndpoint).Port}/issuer.crt");

        (await RefusedByHandAsync("places.example", certificate)).Expected.Should().Be("an answer over verified TLS");

        canary.Pending().Should().BeFalse();
    }

    private async Task<OAuthError> RefusedByHandAsync(string name, X509Certificate2 certificate)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        outside.Name(name, "127.0.0.1");
        var refused = Server.RefusedAsync($"https://{name}:{((IPEndPoint)listener.LocalEndpoint).Port}/c");
        using var connection = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(connection.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext =
                SslStreamCertificateContext.Create(certificate, null, offline: true)
                });
            (await tls.ReadAsync(new byte[1])).Should().Be(0, "nothing is asked of who cannot prove its name");
        }
        catch (Exception fault) when (fault is IOException or AuthenticationException)
        {
            // Whether the alert or the end of the connection comes first is a matter of luck.
        }

        return await refused;
    }

    [Test, Case("CIMD-037")]
    public async Task A_thousand_urls_of_one_host_are_ten_fetches_and_known_documents_still_get_through()
    {
        var host = await outside.GoodHostAsync();
        await Server.ResolvedAsync(host.Url());
        Server.Clock.Travel(TimeSpan.FromMinutes(6));
        var before = host.Requests.Count;

        var refused = await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i =>
            (await Server.ResolveAsync(host.Url($"/{i}"))).Refused(out var error, out _) ? error : null));

        refused.Should().NotContainNulls();
        refused.Count(error => error!.Status == 429).Should().BeGreaterThan(900);
        refused.Where(error => error!.Status == 429).Should().OnlyContain(error => error!.RetryAfter > 0);
        (host.Requests.Count - before).Should().BeLessThanOrEqualTo(8, "two of ten a minute are kept for documents we know");

        (await Server.ResolvedAsync(host.Url())).Row.Enabled.Should().BeTrue();
        host.Requests.Last().Should().Be("/client.json");

        Server.Clock.Travel(TimeSpan.FromSeconds(61));
        (await Server.RefusedAsync(host.Url("/again"))).Status.Should().Be(400);
    }

    [Test]
    public async Task Every_refusal_has_one_public_sentence_that_names_only_the_host()
    {
        var broken = await outside.HostAsync(Documents.Answer("{"));
        var wrong = await outside.HostAsync(Documents.Answer("", status: 500));
        outside.Name("closed.example", "127.0.0.1");

        foreach (var (url, host) in new[] { (broken.Url(), broken.Name), (wrong.Url(), wrong.Name),
            ($"https://closed.example:{TestServer.FreePort()}/c", "closed.example"), ("https://nowhere.example/c", "nowhere.example") })
            (await Server.RefusedAsync(url)).Description.Should().Be($"The document that describes this app at {host} could not be used");
    }

    [Test]
    public async Task A_caller_that_hangs_up_leaves_the_fetch_to_the_others()
    {
        var host = await outside.GoodHostAsync();
        var answer = host.Answer;
        host.Answer = async http =>
        {
            await Task.Delay(500);
            await answer(http);
        };
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));

        var first = Server.ResolveAsync(host.Url(), impatient.Token);
        await Server.ResolvedAsync(host.Url());

        await first.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        host.Requests.Should().HaveCount(1);
    }

    private async Task DroppedAfter5SecondsAsync(string url)
    {
        var took = Stopwatch.StartNew();
        (await Server.RefusedAsync(url)).Reason.Should().Be("no complete answer in time");
        took.Elapsed.Should().BeCloseTo(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));
    }
}
