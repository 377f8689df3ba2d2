//! A way to a server that leads through a task of the test's own runtime. On a runtime of one thread no answer can be there
//! before whoever asked has let go of the thread: every answer is an await point, however fast the server is.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::engines::{Engine, Fixture, Options};

pub(crate) struct Detour<DB: Engine> {
    pub(crate) options: Options<DB>,
    task: Option<AbortHandle>,
}

impl<DB: Engine> Detour<DB> {
    /// SQLite has no server, and answers from a thread of its own.
    pub(crate) async fn to(fixture: &Fixture<DB>) -> Self {
        use sqlx::ConnectOptions;

        let options = (*fixture.pool.connect_options()).clone();
        let url = options.to_url_lossy();
        let (Some(host), Some(port)) = (url.host_str(), url.port()) else {
            return Self {
                options,
                task: None,
            };
        };
        let server = format!("{host}:{port}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(server).await.unwrap();
                    // Either side may be gone in the middle of a word.
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self {
            options: DB::at_port(options, port),
            task: Some(task.abort_handle()),
        }
    }
}

impl<DB: Engine> Drop for Detour<DB> {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
