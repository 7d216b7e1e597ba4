//! The latest events with their results; the whole text of the selected one below.

use ratatui::widgets::TableState;

use super::text::fit;
use super::*;
use midiateca_service::events::Event;
use midiateca_service::model::EventKind;

const NAME: u16 = 11;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let area = panel(frame, area, state.lang.say(texts::EVENTS));
    let events = &state.figures.events;
    if events.is_empty() {
        if state.figures.snapshot.is_some() {
            note(frame, area, texts::NO_EVENTS, state);
        }
        return;
    }
    let below = if area.height >= 4 { 1 } else { 0 };
    let [list, below] = Layout::vertical([Fill(1), Length(below)]).areas(area);
    let instance = if area.width >= WIDE { 21 } else { 9 };
    let rows = events.iter().map(|event| row(event, instance, state));
    let columns = Constraint::from_lengths([8, NAME + 2, instance, 10]);
    let columns = columns.into_iter().chain([Fill(1)]);
    let table = Table::new(rows, columns).row_highlight_style(SELECTED);
    let mut place = TableState::new().with_selected(state.selected());
    frame.render_stateful_widget(table, list, &mut place);
    if let Some(event) = state.selected_event() {
        let (_, style) = mark(event);
        let text = fit(&whole_text(event, state.lang), below.width);
        frame.render_widget(Line::styled(text, style), below);
    }
}

fn row<'a>(event: &Event, instance: u16, state: &State) -> Row<'a> {
    let (mark, style) = mark(event);
    let name = match EventKind::parse(&event.kind).and_then(name) {
        Some(key) => state.lang.say(key).to_owned(),
        None => fit(state.lang.name(&event.kind), NAME),
    };
    let kind = event.data["kind"].as_str().unwrap_or_default();
    Row::new([
        Line::raw(zone::time_of_day(event.at)),
        Line::styled(format!("{mark} {name}"), style),
        Line::raw(fit(event.instance.as_deref().unwrap_or_default(), instance)),
        Line::raw(plain(state.lang.name(kind))),
        Line::raw(result(event, state.lang)),
    ])
}

pub(super) fn name(kind: EventKind) -> Option<TextKey> {
    use EventKind as E;
    Some(match kind {
        E::MediaStored => texts::STORED,
        E::MediaFailed => texts::FAILED,
        E::MediaExpired => texts::EXPIRED,
        E::MediaPostponed => texts::POSTPONED,
        E::MediaLost => texts::LOST,
        E::MediaRemoved => texts::REMOVED,
        E::MediaDismissed => texts::DISMISSED,
        E::MediaDeletedForEveryone => texts::DELETED,
        E::ContactErased => texts::ERASED,
        E::InstanceConnected => texts::CONNECTED,
        E::InstanceDisconnected => texts::DISCONNECTED,
        E::MediaInfected | E::EndpointDisabled => return None,
    })
}

fn mark(event: &Event) -> (char, Style) {
    use EventKind as E;
    match EventKind::parse(&event.kind) {
        Some(E::MediaStored | E::InstanceConnected) => ('✓', GOOD),
        Some(E::MediaPostponed) => ('↻', WARNING),
        Some(E::MediaFailed | E::MediaExpired | E::MediaLost | E::InstanceDisconnected) => {
            ('✗', BAD)
        }
        _ => ('·', Style::new()),
    }
}

/// Size and name of the file, or why there is none.
fn result(event: &Event, lang: Language) -> String {
    if let Some(reason) = event.data["reason"].as_str() {
        return plain(lang.reason(reason));
    }
    let path = event.data["path"].as_str().unwrap_or_default();
    let name = plain(path.rsplit('/').next().unwrap_or_default());
    match event.data["size"].as_u64() {
        Some(size) => format!("{:>10} {name}", lang.bytes(size)),
        None => name,
    }
}

fn whole_text(event: &Event, lang: Language) -> String {
    match (event.data["reason"].as_str(), event.data["path"].as_str()) {
        (Some(reason), _) => lang.reason(reason).to_owned(),
        (None, Some(path)) => format!("media_storage/{path}"),
        (None, None) => event.instance.clone().unwrap_or_default(),
    }
}
