//! Tests inherited descriptors, death signals and signals with real processes. The children are
//! this test binary, and a variable tells each its role.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]
#![expect(clippy::print_stdout, reason = "the children talk to the tests by it")]
#![expect(clippy::zombie_processes, reason = "a part that is killed cannot wait")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, kill_process};
use service_runtime::pm2::{CHANNEL_VARIABLE, Supervisor};
use service_runtime::process::{
    Process, ProcessTable, Signal, kill, kill_group, spawn_bound, spawn_isolated,
};
use service_runtime::{Env, Shutdown};

const PART: &str = "SERVICE_RUNTIME_TEST_PART";

/// Plays the role of a child before anything else runs. Does nothing in the parent.
#[test]
fn run_role() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    let code = match part.as_str() {
        "signals" => run_signals(),
        "supervised" => run_supervised(),
        "parent" => run_parent(),
        "server" => run_server(),
        other => panic!("unknown role {other}"),
    };
    assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
}

fn child(part: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "run_role", "--nocapture", "--test-threads=1"])
        .env(PART, part)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    command
}

struct Playing {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Playing {
    fn start(command: &mut Command) -> Self {
        Self::from_child(command.spawn().unwrap())
    }

    fn from_child(mut child: Child) -> Self {
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Reads up to a line that contains `word`. Returns the rest of that line.
    fn read_line_with(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.lines.read_line(&mut line).unwrap(),
                0,
                "no line {word}"
            );
            // libtest's own "test part ... " may precede it.
            if let Some((_, rest)) = line.trim_end().split_once(word) {
                return rest.trim().to_owned();
            }
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Sends the signal repeatedly until `wait` returns.
    fn signal_until<T>(&mut self, signal: Signal, wait: impl FnOnce(&mut Self) -> T) -> T {
        let pid = self.pid();
        let (stop, stopped) = channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let interval = Duration::from_millis(20);
                // The child may just have ended.
                while kill_process(pid, signal).is_ok()
                    && stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout)
                {
                }
            });
            let exit = wait(self);
            drop(stop);
            exit
        })
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn run_signals() -> ExitCode {
    runtime().block_on(async {
        let shutdown = Shutdown::new();
        shutdown.on_signals().unwrap();
        println!("@listening");
        shutdown.draining().cancelled().await;
        println!("@draining");
        shutdown.aborting().cancelled().await;
        println!("@aborting");
        std::future::pending::<()>().await;
    });
    ExitCode::SUCCESS
}

#[test]
fn first_signal_drains_second_aborts_third_ends() {
    let mut child = Playing::start(&mut child("signals"));
    child.read_line_with("@listening");
    child.signal(Signal::TERM);
    child.signal(Signal::INT);
    child.read_line_with("@draining");
    // A signal more than half a second after the first counts as a second one.
    child.signal_until(Signal::INT, |child| child.read_line_with("@aborting"));
    let code = child.signal_until(Signal::INT, |child| child.child.wait().unwrap().code());
    assert_eq!(code, Some(130));
}

fn run_supervised() -> ExitCode {
    let env = Env::from_process();
    let supervisor = Supervisor::from_env(&env);
    assert!(supervisor.is_present());
    // The descriptor cannot be taken a second time.
    assert!(!Supervisor::from_env(&env).is_present());
    // Neither the descriptor nor the variable reaches a child.
    let mut list = Command::new("sh");
    list.arg("-c")
        .arg(format!(
            "readlink /proc/self/fd/* ; echo \"[${CHANNEL_VARIABLE}]\""
        ))
        .stdout(Stdio::piped());
    let output = spawn_bound(list).unwrap().wait_with_output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(!output.contains("socket:"), "{output}");
    assert!(output.ends_with("[]\n"), "{output}");
    runtime().block_on(async {
        let shutdown = Shutdown::new();
        let watcher = supervisor.watch(&shutdown);
        supervisor.ready();
        watcher.await.unwrap();
        assert!(shutdown.draining().is_cancelled());
        println!("@draining");
    });
    ExitCode::SUCCESS
}

#[test]
fn pm2_descriptor_is_used_and_not_inherited_by_children() {
    let (mut daemon, inherited) = UnixStream::pair().unwrap();
    fcntl_setfd(&inherited, FdFlags::empty()).unwrap();
    let mut command = child("supervised");
    command.env(CHANNEL_VARIABLE, inherited.as_raw_fd().to_string());
    let mut child = Playing::start(&mut command);
    drop(inherited);
    let mut ready = [0; 8];
    daemon.read_exact(&mut ready).unwrap();
    assert_eq!(&ready, b"\"ready\"\n");
    drop(daemon);
    child.read_line_with("@draining");
    assert!(child.child.wait().unwrap().success());
}

fn run_parent() -> ExitCode {
    // The thread that spawns the child ends at once; the child must not end with it.
    let child = std::thread::spawn(|| {
        let mut sleeper = Command::new("sleep");
        sleeper.arg("1000").stdout(Stdio::null());
        spawn_bound(sleeper).unwrap()
    })
    .join()
    .unwrap();
    println!("@child {}", child.id());
    loop {
        std::thread::park();
    }
}

#[test]
fn bound_child_outlives_threads_but_not_the_process() {
    let mut parent = Playing::start(&mut child("parent"));
    let pid: i32 = parent.read_line_with("@child").parse().unwrap();
    let process = Process::read(pid).unwrap();
    assert_eq!(
        process.pgid, pid,
        "the child must have its own process group"
    );
    assert!(process.id().is_alive());
    parent.signal(Signal::KILL);
    wait_until("the end of the child", || !process.id().is_alive());
}

fn run_server() -> ExitCode {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    println!("@port {}", listener.local_addr().unwrap().port());
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(b"here").unwrap();
    ExitCode::SUCCESS
}

#[test]
fn isolated_child_is_reachable_only_by_its_own_sockets() {
    for is_isolated in [true, false] {
        let apart = spawn_isolated(child("server"), is_isolated).unwrap();
        let pid = apart.child.id();
        let mut playing = Playing::from_child(apart.child);
        let port: u16 = playing.read_line_with("@port").parse().unwrap();
        let network = |of: &str| std::fs::read_link(format!("/proc/{of}/ns/net")).unwrap();
        assert_eq!(network(&pid.to_string()) != network("self"), is_isolated);
        // The ids of the user are the same, for files and for this process.
        let process = Process::read(i32::try_from(pid).unwrap()).unwrap();
        assert!(process.environment_variable(PART).is_some());
        let program = std::fs::metadata(apart.program).unwrap();
        let own_binary = std::fs::metadata("/proc/self/exe").unwrap();
        assert_eq!(
            (program.dev(), program.ino()),
            (own_binary.dev(), own_binary.ino())
        );

        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::from(apart.socket);
        stream.set_nonblocking(false).unwrap();
        rustix::net::connect(&stream, &address).unwrap();
        let mut received = String::new();
        stream.read_to_string(&mut received).unwrap();
        assert_eq!(received, "here");
        assert!(playing.child.wait().unwrap().success());
    }
}

#[test]
fn signals_reach_their_process_only() {
    let mut shell = Command::new("sh");
    // Two children in the group. The trailing `true` keeps the shell from calling exec.
    shell
        .args(["-c", "sleep 1000 & sleep 1000; true"])
        .stdout(Stdio::null());
    let mut child = spawn_bound(shell).unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    wait_until("three processes in the group", || {
        ProcessTable::scan().unwrap().group(pid).count() == 3
    });
    let table = ProcessTable::scan().unwrap();
    assert_eq!(table.descendants(pid).len(), 2);
    let id = table.get(pid).unwrap().id();

    let mut grandchild_pid = id;
    grandchild_pid.start_time += 1;
    assert!(!kill(grandchild_pid, Signal::KILL).unwrap());
    assert!(id.is_alive());

    assert!(kill_group(pid, Signal::KILL).unwrap());
    wait_until("an empty group", || {
        ProcessTable::scan().unwrap().group(pid).count() == 0
    });
    // The child is a zombie until it is waited for: not alive, and killing it is no error.
    assert!(!id.is_alive());
    child.wait().unwrap();
    assert!(!kill(id, Signal::KILL).unwrap());
    for group in [-1, 0, 1, rustix::process::getpgrp().as_raw_nonzero().get()] {
        assert!(kill_group(group, Signal::KILL).is_err());
    }
}

#[test]
fn spawn_failure_is_an_error() {
    let missing = || Command::new("/nonexistent/program");
    let bound = spawn_bound(missing()).unwrap_err();
    let apart = spawn_isolated(missing(), true).unwrap_err();
    for error in [bound, apart] {
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    }
}
