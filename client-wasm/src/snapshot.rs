//! How the collective stands, as the page is told: what it shows, and no more.

use abraham_collective::{
    BackendKind, EndCause, Snapshot,
    snapshot::{
        Connection, MemberSnapshot, Phase, Role, TeacherSnapshot, TeacherState, TermSnapshot,
        WaitingSnapshot, WaitsFor, Why,
    },
};
use abraham_page as page;

/// The page's part of a snapshot.
pub(crate) fn for_page(snapshot: Snapshot) -> page::Snapshot {
    let done = snapshot.done;
    page::Snapshot {
        now: snapshot.now,
        me: snapshot.me,
        connection: connection(snapshot.connection),
        role: role(snapshot.role),
        why: why(snapshot.why),
        members: snapshot.members.into_iter().map(member).collect(),
        member_count: snapshot.member_count,
        foreign_count: snapshot.foreign_count,
        term: snapshot.term.map(term),
        waiting: snapshot.waiting.map(waiting),
        kept: snapshot.kept.into_iter().map(|held| held.artist).collect(),
        done: page::Done {
            rounds_painted: done.rounds_painted,
            rounds_taught: done.rounds_taught,
            pieces: done.pieces,
        },
        rejections: snapshot.rejections.iter().map(|rejection| rejection.count).sum(),
        last_end: snapshot.last_end.map(end),
    }
}

fn connection(connection: Connection) -> page::Connection {
    match connection {
        Connection::Connecting => page::Connection::Connecting,
        Connection::Online => page::Connection::Online,
        Connection::Offline { reason } => page::Connection::Offline { reason },
        Connection::Stopped => page::Connection::Stopped,
    }
}

fn role(role: Role) -> page::Role {
    match role {
        Role::Painter => page::Role::Painter,
        Role::Teacher => page::Role::Teacher,
        Role::Waiting => page::Role::Waiting,
        Role::Watching => page::Role::Watching,
    }
}

fn why(why: Why) -> page::Why {
    match why {
        Why::Elected => page::Why::Elected,
        Why::NotConnected => page::Why::NotConnected,
        Why::NotWilling => page::Why::NotWilling,
        Why::Teaching => page::Why::Teaching,
        Why::WaitsForItsTurn => page::Why::WaitsForItsTurn,
        Why::TooFewPainters => page::Why::TooFewPainters,
        Why::NoDirectLinks => page::Why::NoDirectLinks,
        Why::Electing => page::Why::Electing,
        Why::InReserve => page::Why::InReserve,
        Why::NoCommittee => page::Why::NoCommittee,
        Why::WaitsForHolders => page::Why::WaitsForHolders,
        Why::OwnFailure => page::Why::OwnFailure,
    }
}

fn member(member: MemberSnapshot) -> page::Member {
    let MemberSnapshot { key, paints, pictures, backend, linked, links, .. } = member;
    let backend = match backend {
        BackendKind::Cpu => page::Backend::Cpu,
        BackendKind::Gpu => page::Backend::Gpu,
    };
    page::Member { key, paints, pictures, backend, linked, links }
}

fn waiting(waiting: WaitingSnapshot) -> page::Waiting {
    let WaitingSnapshot { artist, round, waits_for, holders, seats_missing, visitors, bound, begins } =
        waiting;
    let waits_for = match waits_for {
        WaitsFor::Visitors => page::WaitsFor::Visitors,
        WaitsFor::Holders => page::WaitsFor::Holders,
        WaitsFor::Links => page::WaitsFor::Links,
        WaitsFor::Claims => page::WaitsFor::Claims,
    };
    page::Waiting { artist, round, waits_for, holders, seats_missing, visitors, bound, begins }
}

fn term(term: TermSnapshot) -> page::Term {
    let TermSnapshot { number, seats, seat, artist, round, teachers, .. } = term;
    let phase = phase(term.phase);
    page::Term {
        number,
        seats,
        seat,
        artist,
        round,
        phase,
        teachers: teachers.into_iter().map(teacher).collect(),
    }
}

fn phase(phase: Phase) -> page::TermPhase {
    match phase {
        Phase::Forming => page::TermPhase::Forming,
        Phase::SettingUp => page::TermPhase::SettingUp,
        Phase::Ready => page::TermPhase::Ready,
        Phase::Painting => page::TermPhase::Painting,
        Phase::Teaching => page::TermPhase::Teaching,
        Phase::Agreeing => page::TermPhase::Agreeing,
        Phase::Learning => page::TermPhase::Learning,
        Phase::Certifying => page::TermPhase::Certifying,
        Phase::Piece => page::TermPhase::Piece,
        Phase::Signing => page::TermPhase::Signing,
        Phase::Working => page::TermPhase::Working,
    }
}

fn teacher(teacher: TeacherSnapshot) -> page::Teacher {
    let state = match teacher.state {
        TeacherState::Asked => page::TeacherState::Asked,
        TeacherState::Answered => page::TeacherState::Answered,
        TeacherState::Counted => page::TeacherState::Counted,
        TeacherState::Silent => page::TeacherState::Silent,
    };
    page::Teacher { key: teacher.key, state }
}

fn end(end: EndCause) -> page::EndCause {
    match end {
        EndCause::NotFormed => page::EndCause::NotFormed,
        EndCause::Departed { .. } => page::EndCause::Departed,
        EndCause::Silent { .. } => page::EndCause::Silent,
        EndCause::Suspected { .. } => page::EndCause::Suspected,
        EndCause::Disagreement => page::EndCause::Disagreement,
        EndCause::Dissolved => page::EndCause::Dissolved,
        EndCause::OwnFailure { reason } => page::EndCause::OwnFailure { reason },
        EndCause::Left => page::EndCause::Left,
    }
}
