use terraform_schema::Schema;

#[derive(Schema)]
struct Generic<T> {
    /// Name.
    name: T,
}

#[derive(Schema)]
struct Tuple(String);

#[derive(Schema)]
struct Unit;

#[derive(Schema)]
struct Empty {}

#[derive(Schema)]
union Either {
    a: u32,
    b: u32,
}

#[derive(Schema)]
enum Never {}

#[derive(Schema)]
enum WithData {
    /// One.
    One,
    /// Two.
    Two(u32),
    /// Three.
    Three { number: u32 },
    /// Other.
    #[schema(other)]
    Other,
    /// Else.
    #[schema(other)]
    Else(String),
    /// More.
    #[schema(other)]
    More(String),
}

fn main() {}
