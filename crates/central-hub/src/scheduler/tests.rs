//! Tests of ticks with a simulated clock, on both database engines.

use std::collections::HashMap;
use std::time::Duration;

use jiff::civil::DateTime;
use rand::SeedableRng;
use rand::rngs::StdRng;
use scratch_database::{Database, on_both_engines};
use session_api::{LimitsEvent, NewChatStatus, NewChats, ReachOutLock, Recipient as Phone};
use sqlx::Row;

use super::*;
use crate::sending_windows::{Pause, Rules};
use crate::store::campaigns::{
    CampaignPlan, CampaignState, Fields, NEXT_PENDING, NewCampaign, NewRecipient, NewSchedule,
    Recipient, RecipientFilter, RecipientState, ScheduleFilter, ScheduleState, TICK_PLANS,
};
use crate::store::tests::open;
use crate::store::{Change, Decision, Message, MessageState};

fn zone() -> TimeZone {
    TimeZone::get("America/Argentina/Buenos_Aires").unwrap()
}

fn at(wall: &str) -> Timestamp {
    let wall: DateTime = wall.parse().unwrap();
    zone().to_timestamp(wall).unwrap().into()
}

fn phone(number: u64) -> Phone {
    Phone::parse(&format!("54911{number:08}")).unwrap()
}

struct Bench {
    store: Store,
    scheduler: Scheduler,
    context: SchedulerContext,
    chance: StdRng,
}

impl Bench {
    async fn new(database: &Database) -> Self {
        let store = open(database).await;
        Self {
            scheduler: Scheduler::new(store.clone(), zone()),
            store,
            context: SchedulerContext {
                whatsapp_limit: None,
                // A Monday.
                now: at("2026-03-16T10:00"),
                stopped: false,
                auto: true,
                ready: true,
                dry_run: false,
            },
            chance: StdRng::seed_from_u64(1),
        }
    }

    /// Creates a campaign with this many recipients that is not approved yet.
    async fn campaign(&self, people: u64, pause: (u32, u32)) -> i64 {
        let new = NewCampaign {
            cliente_id: Some(51),
            name: "Marzo".to_owned(),
            text: "Hola {nombre}".to_owned(),
            columns: Vec::new(),
            pause: Pause::new(pause.0, pause.1).unwrap(),
        };
        let campaign = self.store.create_campaign(&new).await.unwrap();
        let people: Vec<_> = (1..=people)
            .map(|number| {
                let fields = Fields::from([("nombre".to_owned(), format!("P{number}"))]);
                (number, phone(number), fields)
            })
            .collect();
        let rows: Vec<_> = people
            .iter()
            .map(|(line, recipient, fields)| NewRecipient {
                line: *line,
                chat: recipient.as_str(),
                fields,
            })
            .collect();
        let mut tx = self.store.begin().await.unwrap();
        let taken = self
            .store
            .add_recipients_in(&mut tx, campaign.id, None, &rows)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(taken.len(), rows.len());
        campaign.id
    }

    async fn approved(&self, people: u64, pause: (u32, u32)) -> i64 {
        let id = self.campaign(people, pause).await;
        self.approve(id).await;
        id
    }

    async fn approve(&self, id: i64) {
        let dry_run = self.context.dry_run;
        let approved = self
            .store
            .approve_campaign(id, dry_run, false)
            .await
            .unwrap();
        assert_eq!(approved.state, CampaignState::Running);
    }

    /// Adds an approved schedule on weekdays.
    async fn schedule(&self, campaign: i64, hours: (&str, &str), quota: u32) -> i64 {
        let new = NewSchedule {
            campaign_id: campaign,
            cliente_id: None,
            rules: Rules {
                days: "mon,tue,wed,thu,fri".parse().unwrap(),
                from: Rules::minutes(hours.0).unwrap(),
                until: Rules::minutes(hours.1).unwrap(),
                quota: Some(quota),
                ..Rules::always(Pause::new(0, 0).unwrap())
            },
            comment: None,
        };
        let schedule = self.store.create_schedule(&new).await.unwrap();
        assert_eq!(schedule.state, ScheduleState::Pending);
        let approved = ScheduleState::Approved;
        self.store
            .set_schedule_state(schedule.id, approved, None)
            .await
            .unwrap();
        schedule.id
    }

    async fn tick(&mut self) -> Ticked {
        self.scheduler
            .tick(self.context, &mut self.chance)
            .await
            .unwrap()
    }

    async fn tick_at(&mut self, wall: &str) -> usize {
        self.context.now = at(wall);
        self.tick().await.enqueued
    }

    /// Claims every message that is due, as the outbox does.
    async fn claim(&self) -> Vec<Message> {
        let until = Timestamp::now().after(Duration::from_secs(60));
        self.store.claim("test", until, 1000).await.unwrap()
    }

    /// Marks every message that is due as sent.
    async fn send_all(&self) -> Vec<Message> {
        let claimed = self.claim().await;
        for message in &claimed {
            self.end(message, Change::to(MessageState::Sent, "SENT"))
                .await;
        }
        claimed
    }

    async fn end(&self, message: &Message, change: Change<'_>) {
        let moved = self.store.change(message.id, change).await.unwrap();
        assert!(moved.is_some());
    }

    async fn look(&self, id: i64) -> Campaign {
        self.store.campaign(id).await.unwrap().unwrap()
    }

    async fn people(&self, id: i64) -> Vec<Recipient> {
        let filter = RecipientFilter::default();
        self.store.recipients(id, &filter, 5000).await.unwrap()
    }

    async fn at_state(&self, id: i64, state: RecipientState) -> i64 {
        self.look(id).await.count(state)
    }

    /// Checks that the counts in the campaign's row match its recipients.
    async fn counts_are_right(&self, id: i64) {
        let campaign = self.look(id).await;
        let mut counted: HashMap<RecipientState, i64> = HashMap::new();
        for person in self.people(id).await {
            *counted.entry(person.state).or_default() += 1;
        }
        for state in RecipientState::ALL.iter().copied() {
            let expected = counted.get(&state).copied().unwrap_or(0);
            assert_eq!(campaign.count(state), expected, "{state:?}");
        }
    }
}

fn paused_for(campaign: &Campaign) -> &str {
    campaign
        .paused_for
        .as_ref()
        .map_or("", |it| it.code.as_str())
}

fn waits_for(campaign: &Campaign) -> &str {
    campaign.waits_for.as_ref().map_or("", |(code, _)| code)
}

on_both_engines! {
    async fn a_campaign_runs_at_its_pace(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.approved(3, (30, 90)).await;
        let mut sent = Vec::new();
        let begin = bench.context.now;
        for second in 0..400_u64 {
            bench.context.now = begin.after(Duration::from_secs(second));
            bench.tick().await;
            for message in bench.send_all().await {
                sent.push(second);
                assert_eq!(message.campaign_id, Some(id));
                assert_eq!(message.cliente_id, Some(51));
                assert_eq!(message.body, format!("Hola P{}", sent.len()));
            }
        }
        assert_eq!(sent.len(), 3, "{sent:?}");
        for pair in sent.windows(2) {
            assert!((30..=91).contains(&(pair[1] - pair[0])), "{sent:?}");
        }
        let campaign = bench.look(id).await;
        assert_eq!(campaign.state, CampaignState::Finished);
        assert_eq!(campaign.count(RecipientState::Sent), 3);
        assert!(campaign.finished_at.is_some());
        bench.counts_are_right(id).await;
        let steps = bench.store.recipient_steps(bench.people(id).await[0].id).await.unwrap();
        let causes: Vec<_> = steps.iter().map(|step| step.cause.as_str()).collect();
        assert_eq!(causes, ["ITS_TURN", "SENT"]);
        bench.store.close().await;
    }

    async fn next_message_waits_for_the_previous_one(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.approved(5, (1, 1)).await;
        assert_eq!(bench.tick().await.enqueued, 1);
        // The outbox has had the message for ten minutes.
        let claimed = bench.claim().await;
        for minute in 1..=10 {
            bench.context.now = at("2026-03-16T10:00").after(Duration::from_secs(60 * minute));
            let ticked = bench.tick().await;
            assert_eq!(ticked.enqueued, 0);
            assert!(ticked.in_flight);
        }
        // While a message's outcome is being settled, it blocks no other.
        bench.end(&claimed[0], Change::to(MessageState::Unconfirmed, "SEND_UNCONFIRMED")).await;
        assert_eq!(bench.tick().await.enqueued, 1);
        assert_eq!(bench.at_state(id, RecipientState::Queued).await, 2);
        bench.store.close().await;
    }

    async fn undecided_messages_end_with_their_campaign(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.approved(1, (1, 1)).await;
        assert_eq!(bench.tick().await.enqueued, 1);
        let message = bench.claim().await[0].id;
        let change = Change::to(MessageState::Unconfirmed, "SEND_UNDECIDED").with_detail("?");
        bench.store.leave_undecided(message, change).await.unwrap().unwrap();
        bench.tick().await;
        let campaign = bench.look(id).await;
        assert_eq!(campaign.state, CampaignState::Finished);
        assert_eq!(campaign.count(RecipientState::Failed), 1);
        // While the message may have arrived, no second one is sent.
        assert_eq!(bench.store.retry_recipients(id, None, "otra vez").await.unwrap(), 0);
        let arrived = bench.store.decide(message, Decision::Arrived, "está").await.unwrap();
        assert_eq!(arrived.unwrap().state, MessageState::Sent);
        assert_eq!(bench.look(id).await.count(RecipientState::Sent), 1);
        bench.counts_are_right(id).await;
        bench.store.close().await;
    }

    async fn without_a_pause_they_go_in_batches(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.approved(120, (0, 0)).await;
        let mut rounds = 0;
        while bench.look(id).await.state == CampaignState::Running {
            bench.tick().await;
            bench.send_all().await;
            rounds += 1;
            assert!(rounds < 20);
        }
        assert_eq!(bench.at_state(id, RecipientState::Sent).await, 120);
        bench.counts_are_right(id).await;
        bench.store.close().await;
    }

    async fn schedules_say_when_and_how_many(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.campaign(7, (0, 0)).await;
        let schedule = bench.schedule(id, ("09:00", "18:00"), 3).await;
        bench.approve(id).await;
        for (wall, enqueued) in [
            ("2026-03-16T08:59", 0),
            ("2026-03-16T09:00", 3),
            ("2026-03-16T12:00", 0),
            ("2026-03-17T08:00", 0),
            ("2026-03-17T09:00", 3),
        ] {
            assert_eq!(bench.tick_at(wall).await, enqueued, "{wall}");
            bench.send_all().await;
        }
        bench.tick_at("2026-03-17T17:00").await;
        let waiting = bench.look(id).await;
        assert_eq!(waits_for(&waiting), "DAILY_QUOTA_REACHED");
        assert_eq!(waiting.next_at, at("2026-03-18T09:00").as_millis());
        // A paused schedule is not in effect; no other is approved.
        bench.store.set_schedule_state(schedule, ScheduleState::Paused, Some("feriado")).await.unwrap();
        assert_eq!(bench.tick_at("2026-03-18T09:00").await, 0);
        assert_eq!(waits_for(&bench.look(id).await), "NO_APPROVED_SCHEDULE");
        bench.store.set_schedule_state(schedule, ScheduleState::Approved, None).await.unwrap();
        assert_eq!(bench.tick_at("2026-03-18T09:01").await, 1);
        bench.send_all().await;
        bench.tick().await;
        assert_eq!(bench.look(id).await.state, CampaignState::Finished);
        bench.store.close().await;
    }

    async fn dates_that_are_over_pause_the_campaign(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.campaign(2, (0, 0)).await;
        let schedule = bench.schedule(id, ("09:00", "18:00"), 3).await;
        let known = bench.store.schedule(schedule).await.unwrap().unwrap();
        let edited = NewSchedule {
            campaign_id: id,
            cliente_id: None,
            rules: Rules { last: Some(jiff::civil::date(2026, 3, 13)), ..known.rules },
            comment: None,
        };
        bench.store.edit_schedule(schedule, &edited).await.unwrap();
        bench.approve(id).await;
        bench.tick().await;
        // After a change, the schedule needs approval again.
        assert_eq!(waits_for(&bench.look(id).await), "NO_APPROVED_SCHEDULE");
        bench.store.set_schedule_state(schedule, ScheduleState::Approved, None).await.unwrap();
        bench.tick().await;
        let campaign = bench.look(id).await;
        assert_eq!((campaign.state, paused_for(&campaign)), (CampaignState::Paused, "SCHEDULES_OVER"));
        bench.store.close().await;
    }

    async fn nothing_is_sent_unless_all_conditions_allow_it(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.campaign(2, (0, 0)).await;
        let all = bench.context;
        assert_eq!(bench.tick().await.enqueued, 0, "it is not approved");
        bench.approve(id).await;
        for (context, obstacle) in [
            (SchedulerContext { auto: false, ..all }, "AUTO_CAMPAIGNS_DISABLED"),
            (SchedulerContext { ready: false, ..all }, "SESSION_NOT_READY"),
            (SchedulerContext { dry_run: true, ..all }, "DRY_RUN"),
            (SchedulerContext { stopped: true, ..all }, "SENDING_STOPPED"),
        ] {
            bench.context = context;
            assert_eq!(bench.tick().await.enqueued, 0, "{obstacle}");
            assert_eq!(context.obstacle(&bench.look(id).await), Some(obstacle));
        }
        bench.context = all;
        assert_eq!(bench.tick().await.enqueued, 2);
        // When sending is switched off, messages that have not been sent are withdrawn.
        bench.context.auto = false;
        bench.tick().await;
        assert_eq!(bench.at_state(id, RecipientState::Pending).await, 2);
        assert!(bench.claim().await.is_empty());
        bench.context.auto = true;
        assert_eq!(bench.tick().await.enqueued, 2);
        bench.context.stopped = true;
        bench.tick().await;
        assert_eq!(bench.at_state(id, RecipientState::Pending).await, 2);
        assert!(bench.claim().await.is_empty());
        bench.store.close().await;
    }

    async fn whatsapp_limits_hold_campaigns_but_not_dry_runs(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.approved(3, (0, 0)).await;
        let until = at("2026-03-17T10:00");
        let mut known = LimitsEvent::default();
        known.first_sync.complete = true;
        assert_eq!(WhatsappLimit::from_limits(&known), None);
        known.limits.new_chats.status = NewChatStatus::SecondWarning;
        assert_eq!(WhatsappLimit::from_limits(&known), None, "a warning holds nothing");
        let mut locked = known.clone();
        locked.limits.reach_out = ReachOutLock { locked: true, until: Some(until), kind: None };
        let mut capped = known.clone();
        capped.limits.new_chats = NewChats { status: NewChatStatus::Capped, cycle_end: Some(until), ..NewChats::default() };
        let mut fresh = known.clone();
        fresh.first_sync.complete = false;
        for (event, code, ends) in [
            (&locked, "REACH_OUT_LOCKED", Some(until)),
            (&capped, "NEW_CHATS_CAPPED", Some(until)),
            (&fresh, "FIRST_SYNC", None),
        ] {
            bench.context.whatsapp_limit = WhatsappLimit::from_limits(event);
            assert_eq!(bench.tick().await.enqueued, 0, "{code}");
            let campaign = bench.look(id).await;
            assert_eq!(bench.context.obstacle(&campaign), Some(code));
            assert_eq!(bench.context.obstacle_until(code), ends);
            assert_eq!(bench.context.obstacle_until("SESSION_NOT_READY"), None);
        }
        // The campaign resumes; messages that are not sent before the next limit are withdrawn.
        bench.context.whatsapp_limit = WhatsappLimit::from_limits(&known);
        assert_eq!(bench.tick().await.enqueued, 3);
        bench.context.whatsapp_limit = WhatsappLimit::from_limits(&locked);
        bench.tick().await;
        assert_eq!(bench.at_state(id, RecipientState::Pending).await, 3);
        assert!(bench.claim().await.is_empty());
        assert_eq!(bench.look(id).await.state, CampaignState::Running);
        // A dry run sends nothing, so the limit does not stop it.
        bench.context.dry_run = true;
        bench.context.now = Timestamp::now();
        let dry_run = bench.approved(2, (0, 0)).await;
        bench.tick().await;
        assert_eq!(bench.at_state(dry_run, RecipientState::Queued).await, 2);
        bench.store.close().await;
    }

    async fn a_limit_of_the_account_pauses_every_campaign(database: Database) {
        for (code, pause) in [("REACH_OUT_LIMIT", "REACH_OUT_LIMIT"), ("NEW_CHAT_LIMIT", "NEW_CHAT_LIMIT")] {
            let mut bench = Bench::new(&database).await;
            let id = bench.approved(2, (0, 0)).await;
            bench.tick().await;
            let claimed = bench.claim().await;
            let other = bench.approved(2, (0, 0)).await;
            bench.tick().await;
            assert_eq!(bench.at_state(other, RecipientState::Queued).await, 2);
            bench.end(&claimed[0], Change::to(MessageState::Failed, code).with_detail("no")).await;
            bench.tick().await;
            for paused in [id, other] {
                let campaign = bench.look(paused).await;
                assert_eq!((campaign.state, paused_for(&campaign)), (CampaignState::Paused, pause));
            }
            // Messages of the other campaign that had not been sent are withdrawn.
            assert_eq!(bench.at_state(other, RecipientState::Pending).await, 2);
            bench.counts_are_right(other).await;
            bench.end(&claimed[1], Change::to(MessageState::Sent, "SENT")).await;
            bench.store.close().await;
        }
    }

    async fn nothing_is_sent_before_the_campaigns_start_date(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.campaign(1, (0, 0)).await;
        let plan = CampaignPlan {
            description: None,
            send_after: Some(at("2026-03-18T09:00")),
        };
        bench.store.plan_campaign(id, &plan).await.unwrap();
        bench.approve(id).await;
        assert_eq!(bench.tick_at("2026-03-18T08:59").await, 0);
        let (code, until) = bench.look(id).await.waits_for.unwrap();
        assert_eq!((code.as_str(), until), ("NOT_YET", plan.send_after));
        assert_eq!(bench.tick_at("2026-03-18T09:00").await, 1);
        bench.store.close().await;
    }

    async fn messages_queued_past_the_window_are_withdrawn(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.campaign(1, (0, 0)).await;
        bench.schedule(id, ("09:00", "18:00"), 1).await;
        bench.approve(id).await;
        assert_eq!(bench.tick_at("2026-03-16T17:59").await, 1);
        bench.context.ready = false;
        assert_eq!(bench.tick_at("2026-03-16T17:59:30").await, 0);
        assert_eq!(bench.at_state(id, RecipientState::Queued).await, 1);
        bench.tick_at("2026-03-16T18:00").await;
        assert_eq!(bench.at_state(id, RecipientState::Pending).await, 1);
        bench.context.ready = true;
        assert!(bench.claim().await.is_empty());
        // A message that was never sent does not count against the quota of one.
        assert_eq!(bench.tick_at("2026-03-16T18:01").await, 0, "it waits for the morning");
        assert_eq!(bench.tick_at("2026-03-17T09:00").await, 1);
        bench.send_all().await;
        bench.tick().await;
        let person = &bench.people(id).await[0];
        assert_eq!((person.state, person.attempt), (RecipientState::Sent, 2));
        bench.store.close().await;
    }

    async fn dry_run_plans_the_whole_campaign(database: Database) {
        let mut bench = Bench::new(&database).await;
        bench.context.dry_run = true;
        // A dry run needs no phone.
        bench.context.ready = false;
        let id = bench.campaign(430, (0, 0)).await;
        bench.schedule(id, ("09:00", "18:00"), 100).await;
        bench.store.opt_out(phone(7).as_str(), None, None, "test").await.unwrap();
        bench.approve(id).await;
        // The simulated time starts at the approval, by the real clock.
        bench.context.now = Timestamp::now();
        let mut rounds = 0;
        while bench.look(id).await.state == CampaignState::Running {
            bench.tick().await;
            bench.store.simulate(1000).await.unwrap();
            rounds += 1;
            assert!(rounds < 20);
        }
        let campaign = bench.look(id).await;
        assert_eq!(campaign.state, CampaignState::Finished);
        assert_eq!(campaign.count(RecipientState::Simulated), 429);
        assert_eq!(campaign.count(RecipientState::Skipped), 1);
        bench.counts_are_right(id).await;
        let mut days: HashMap<String, u32> = HashMap::new();
        for person in bench.people(id).await {
            let Some(planned) = person.planned_at else {
                assert_eq!(person.cause.as_deref(), Some("OPTED_OUT"));
                continue;
            };
            let wall = zone().to_datetime(jiff_timestamp(planned));
            assert!((9..18).contains(&wall.hour()), "{wall}");
            *days.entry(wall.date().to_string()).or_default() += 1;
        }
        assert!(days.values().all(|count| *count <= 100), "{days:?}");
        assert!((5..=6).contains(&days.len()), "{days:?}");
        let numbers = bench.store.campaign_numbers(id).await.unwrap();
        assert_eq!(numbers.days.iter().map(|(_, count)| count).sum::<i64>(), 429);
        assert_eq!(numbers.messages, [(MessageState::Simulated, 429)]);
        // Switching `DRY_RUN` off sends none of these messages.
        bench.context.dry_run = false;
        bench.tick().await;
        assert!(bench.claim().await.is_empty());
        // A copy starts from the beginning.
        let copy = bench.store.copy_campaign(id, "Marzo, de verdad").await.unwrap();
        assert_eq!(copy.count(RecipientState::Pending), 430);
        let schedules = bench.store.schedules(&ScheduleFilter { campaign_id: Some(copy.id), ..ScheduleFilter::default() }, 10).await.unwrap();
        assert_eq!(schedules[0].state, ScheduleState::Pending);
        bench.store.close().await;
    }

    async fn dry_run_stays_a_dry_run(database: Database) {
        let mut bench = Bench::new(&database).await;
        bench.context.dry_run = true;
        let id = bench.approved(3, (0, 0)).await;
        bench.context.dry_run = false;
        bench.context.now = Timestamp::now();
        assert_eq!(bench.tick().await.enqueued, 3);
        assert!(bench.claim().await.is_empty(), "nothing of it is to be sent");
        bench.store.simulate(10).await.unwrap();
        bench.tick().await;
        assert_eq!(bench.at_state(id, RecipientState::Simulated).await, 3);
        bench.store.close().await;
    }

    async fn the_reach_out_limit_pauses_and_says_why(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.approved(10, (0, 0)).await;
        bench.tick().await;
        let claimed = bench.claim().await;
        let refused = "WhatsApp refused the message (ERROR_UNKNOWN, 463)";
        bench.end(&claimed[0], Change::to(MessageState::Failed, "SEND_FAILED").with_detail(refused)).await;
        bench.tick().await;
        let campaign = bench.look(id).await;
        assert_eq!((campaign.state, paused_for(&campaign)), (CampaignState::Paused, "REACH_OUT_LIMIT"));
        let detail = campaign.paused_for.clone().unwrap().detail;
        assert!(detail.unwrap().contains("463"));
        // Messages already in the outbox continue; no others are enqueued.
        for message in &claimed[1..] {
            bench.end(message, Change::to(MessageState::Sent, "SENT")).await;
        }
        assert_eq!(bench.tick().await.enqueued, 0);
        assert_eq!(bench.at_state(id, RecipientState::Sent).await, 9);
        bench.counts_are_right(id).await;
        bench.store.resume_campaign(id).await.unwrap();
        bench.tick().await;
        let campaign = bench.look(id).await;
        assert_eq!(campaign.state, CampaignState::Finished);
        assert_eq!(campaign.count(RecipientState::Failed), 1);
        bench.store.close().await;
    }

    async fn a_burst_of_failures_pauses(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.approved(10, (0, 0)).await;
        bench.tick().await;
        let claimed = bench.claim().await;
        for message in &claimed[..5] {
            bench.end(message, Change::to(MessageState::Failed, "NOT_ON_WHATSAPP")).await;
        }
        bench.tick().await;
        assert_eq!(paused_for(&bench.look(id).await), "FAILURES_IN_A_ROW");
        bench.store.close().await;
    }

    async fn a_pause_takes_back_what_has_not_left(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.approved(10, (0, 0)).await;
        bench.tick().await;
        let taken = bench.store.claim("test", Timestamp::now().after(Duration::from_secs(60)), 4).await.unwrap();
        assert_eq!(taken.len(), 4);
        let paused = bench.store.pause_campaign(id, "PAUSED_BY_PERSON", Some("a ver"), Some("eva")).await.unwrap();
        assert_eq!(paused.count(RecipientState::Pending), 6);
        assert_eq!(paused.count(RecipientState::Queued), 4);
        assert!(bench.claim().await.is_empty());
        for message in &taken {
            bench.end(message, Change::to(MessageState::Sent, "SENT")).await;
        }
        assert_eq!(bench.tick().await.enqueued, 0);
        bench.store.resume_campaign(id).await.unwrap();
        assert_eq!(bench.tick().await.enqueued, 6);
        bench.send_all().await;
        bench.tick().await;
        assert_eq!(bench.at_state(id, RecipientState::Sent).await, 10);
        bench.counts_are_right(id).await;
        bench.store.close().await;
    }

    async fn only_a_person_puts_a_failure_back(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.approved(2, (0, 0)).await;
        bench.tick().await;
        for message in bench.claim().await {
            bench.end(&message, Change::to(MessageState::Failed, "SEND_FAILED").with_detail("no")).await;
        }
        for _ in 0..3 {
            assert_eq!(bench.tick().await.enqueued, 0);
        }
        assert_eq!(bench.look(id).await.state, CampaignState::Finished);
        let first = bench.people(id).await[0].id;
        assert_eq!(bench.store.retry_recipients(id, Some(first), "otro chip").await.unwrap(), 1);
        let campaign = bench.look(id).await;
        assert_eq!((campaign.state, paused_for(&campaign)), (CampaignState::Paused, "RETRY"));
        bench.store.resume_campaign(id).await.unwrap();
        assert_eq!(bench.tick().await.enqueued, 1);
        bench.send_all().await;
        bench.tick().await;
        assert_eq!(bench.look(id).await.state, CampaignState::Finished);
        let steps = bench.store.recipient_steps(first).await.unwrap();
        let kept = steps.iter().find(|step| step.cause == "RETRY").unwrap();
        assert_eq!(kept.detail.as_deref(), Some("otro chip"));
        bench.counts_are_right(id).await;
        bench.store.close().await;
    }

    async fn recipients_who_opted_out_are_skipped(database: Database) {
        let mut bench = Bench::new(&database).await;
        let id = bench.approved(3, (0, 0)).await;
        let word = bench.store.apply_opt_out(phone(2).as_str(), "¡Baja!").await.unwrap();
        assert_eq!(word.as_deref(), Some("baja"));
        assert_eq!(bench.tick().await.enqueued, 2);
        // The recipient opts out when the outbox already has the message.
        let claimed = bench.claim().await;
        bench.end(&claimed[0], Change::to(MessageState::Failed, "OPTED_OUT")).await;
        bench.end(&claimed[1], Change::to(MessageState::Sent, "SENT")).await;
        bench.tick().await;
        let campaign = bench.look(id).await;
        assert_eq!(campaign.count(RecipientState::Skipped), 2);
        assert_eq!(campaign.count(RecipientState::Sent), 1);
        assert_eq!(campaign.state, CampaignState::Finished);
        assert_eq!(campaign.health, "s", "it is no failure");
        bench.store.close().await;
    }

    async fn campaigns_share_one_pace_and_take_turns(database: Database) {
        let mut bench = Bench::new(&database).await;
        let ids = [bench.approved(3, (60, 60)).await, bench.approved(3, (60, 60)).await];
        let begin = bench.context.now;
        let mut sent = Vec::new();
        for second in 0..600_u64 {
            bench.context.now = begin.after(Duration::from_secs(second));
            bench.tick().await;
            for message in bench.send_all().await {
                sent.push((second, message.campaign_id.unwrap()));
            }
        }
        assert_eq!(sent.len(), 6);
        for pair in sent.windows(2) {
            assert!(pair[1].0 - pair[0].0 >= 60, "{sent:?}");
            assert_ne!(pair[0].1, pair[1].1, "{sent:?} {ids:?}");
        }
        bench.store.close().await;
    }

    async fn two_hubs_give_each_message_once(database: Database) {
        let bench = Bench::new(&database).await;
        let id = bench.approved(300, (0, 0)).await;
        let hub = |seed| {
            let (scheduler, context) = (bench.scheduler.clone(), bench.context);
            tokio::spawn(async move {
                let mut chance = StdRng::seed_from_u64(seed);
                for _ in 0..12 {
                    scheduler.tick(context, &mut chance).await.unwrap();
                }
            })
        };
        let hubs = [hub(1), hub(2), hub(3)];
        for hub in hubs {
            hub.await.unwrap();
        }
        let messages: Vec<_> = sqlx::query("SELECT chat, COUNT(*) AS n FROM messages GROUP BY chat")
            .fetch_all(bench.store.reader())
            .await
            .unwrap();
        assert!(messages.iter().all(|row| row.get::<i64, _>("n") == 1));
        let campaign = bench.look(id).await;
        assert_eq!(campaign.count(RecipientState::Queued), i64::try_from(messages.len()).unwrap());
        bench.counts_are_right(id).await;
        bench.store.close().await;
    }
}

/// Checks that a tick reads only unfinished rows, however many finished ones
/// there are: every table is accessed through an index.
#[tokio::test]
async fn a_tick_does_not_look_at_history() {
    let database = Database::sqlite();
    let store = open(&database).await;
    let more = [
        NEXT_PENDING,
        "SELECT COUNT(*) FROM recipients r JOIN messages m ON m.id = r.message_id
         WHERE r.campaign_id = $1 AND r.state = 'queued' AND m.state IN ('queued', 'sending')",
    ];
    for statement in TICK_PLANS.into_iter().chain(more) {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(explain))
            .bind(1_i64)
            .bind(1_i64)
            .bind(1_i64)
            .fetch_all(store.reader())
            .await
            .unwrap();
        for row in rows {
            let step: String = row.get("detail");
            let is_whole = step.starts_with("SCAN") && !step.contains("INDEX campaigns_in_flight");
            let is_partial_scan = step.starts_with("SCAN")
                && [
                    "recipients_queued",
                    "recipients_pending",
                    "campaigns_in_flight",
                ]
                .iter()
                .any(|index| step.contains(index));
            assert!(!is_whole || is_partial_scan, "{step} in {statement}");
            assert!(!step.contains("TEMP B-TREE"), "{step} in {statement}");
        }
    }
    store.close().await;
}

/// Measures a tick with a million finished recipients and a hundred thousand
/// pending ones:
/// `cargo test -p central-hub --lib -- --ignored --nocapture a_tick_with_a_long_history`.
#[tokio::test]
#[ignore = "a benchmark: it takes a minute and prints milliseconds"]
async fn a_tick_with_a_long_history() {
    let database = Database::sqlite();
    let mut bench = Bench::new(&database).await;
    let done = bench.approved(1, (0, 0)).await;
    bench.tick().await;
    bench.send_all().await;
    bench.tick().await;
    let id = bench.approved(100_000, (1, 1)).await;
    let ticks = async |bench: &mut Bench| {
        let mut times = Vec::new();
        for _ in 0..50 {
            bench.context.now = bench.context.now.after(Duration::from_secs(5));
            let begin = std::time::Instant::now();
            bench.tick().await;
            times.push(begin.elapsed().as_micros());
            bench.send_all().await;
        }
        times.sort_unstable();
        times[times.len() / 2]
    };
    let before = ticks(&mut bench).await;
    for history in [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
         INSERT INTO messages (direction, origin, campaign_id, chat, kind, body, state, due_at, created_at, updated_at)
         SELECT 'out', 'campaign', $1, '1' || (1000000000 + i) || '@c.us', 'text', 'Hola', 'read', 0, 0, 0 FROM n",
        "INSERT INTO recipients (campaign_id, line, chat, fields, state, message_id, created_at, updated_at)
         SELECT campaign_id, id, chat, '{}', 'sent', id, 0, 0 FROM messages WHERE campaign_id = $1 AND body = 'Hola'",
    ] {
        sqlx::query(history).bind(done).execute(bench.store.writer()).await.unwrap();
    }
    let after = ticks(&mut bench).await;
    assert!(bench.at_state(id, RecipientState::Sent).await >= 40);
    eprintln!("a tick: {before} us with no history, {after} us with a million done");
    bench.store.close().await;
}
