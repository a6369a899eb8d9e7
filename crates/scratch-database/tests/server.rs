//! Checks that a started server ends, and that its folder is removed.

use scratch_database::{Database, Server};

#[test]
fn dropped_server_removes_its_folder() {
    let mut server = Server::start().expect("PostgreSQL");
    let folder = std::path::PathBuf::from(server.socket());
    let database = Database::in_server(&server);
    assert!(database.url().starts_with("postgres://"));
    server.pause();
    assert!(
        folder.join("data").is_dir(),
        "a paused server must keep its data"
    );
    assert!(!folder.join("data/postmaster.pid").exists());
    server.resume().expect("a resumed server");
    drop(database);
    drop(server);
    assert!(!folder.exists());
}
