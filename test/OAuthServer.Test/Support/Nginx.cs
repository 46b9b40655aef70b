using System.Diagnostics;

namespace OAuthServer.Test.Support;

/// <summary>A real nginx with a configuration of ours, in a folder of its own.</summary>
public sealed class Nginx : IDisposable
{
    private readonly Process process;

    private Nginx(Process process) => this.process = process;

    /// <summary>Starts it with what stands in its http block; skips the test where there is none.</summary>
    public static Nginx Start(string folder, string http)
    {
        var configuration = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(configuration, $$"""
            daemon off; master_process off; pid {{folder}}/pid; error_log {{folder}}/error.log;
            events { }
            http {
            access_log off; client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy;
            fastcgi_temp_path {{folder}}/fastcgi; uwsgi_temp_path {{folder}}/uwsgi; scgi_temp_path {{folder}}/scgi;
            {{http}}
            }
            """);
        return new Nginx(
            Process.Start(new ProcessStartInfo(Tools.Need("nginx"),
                ["-p", folder, "-c", configuration, "-e", Path.Combine(folder, "error.log")])
            { RedirectStandardError = true })!);
    }

    public bool HasExited => process.HasExited;

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
