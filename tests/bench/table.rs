//! Figures beside their goals. A goal that is missed is said, and nothing else comes of it.

/// The rows of one run.
#[derive(Default)]
pub struct Table(Vec<Row>);

struct Row {
    what: String,
    figure: String,
    goal: String,
}

impl Table {
    /// A figure without a goal.
    pub fn tell(&mut self, what: &str, figure: impl Into<String>) {
        self.add(what, figure.into(), "");
    }

    /// A figure that should be at most `most`, in `unit`.
    pub fn at_most(&mut self, what: &str, figure: f64, most: f64, unit: &str) {
        self.compare(
            what,
            format!("{figure:.2} {unit}"),
            figure <= most,
            &format!("{most} {unit}"),
        );
    }

    /// A figure in words of its own.
    pub fn compare(&mut self, what: &str, figure: String, met: bool, most: &str) {
        let verdict = if met { "met" } else { "MISSED" };
        self.add(what, figure, &format!("at most {most}: {verdict}"));
    }

    /// A heading.
    pub fn part(&mut self, name: &str) {
        println!("\n{name}");
        self.0.push(Row {
            what: format!("**{name}**"),
            figure: String::new(),
            goal: String::new(),
        });
    }

    fn add(&mut self, what: &str, figure: String, goal: &str) {
        println!("  {what:<58} {figure}   {goal}");
        self.0.push(Row { what: what.to_owned(), figure, goal: goal.to_owned() });
    }

    /// All of it as a Markdown table.
    pub fn print(&self) {
        println!("\n| | figure | goal |\n|---|---|---|");
        for Row { what, figure, goal } in &self.0 {
            println!("| {what} | {figure} | {goal} |");
        }
    }
}
