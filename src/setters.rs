/// Setters for chains, `T::default().with_a(1).with_b(2)`: `with_a => a: T`, where `T` may be `impl Into<…>`.
macro_rules! setters {
    ($of:ident { $($(#[$attribute:meta])* $setter:ident => $field:ident: $value:ty),+ $(,)? }) => {
        /// For chains: each sets one field.
        impl $of {
            $(
                $(#[$attribute])*
                #[doc = concat!("With another [`", stringify!($of), "::", stringify!($field), "`].")]
                #[must_use]
                pub fn $setter(self, $field: $value) -> Self {
                    Self { $field: $field.into(), ..self }
                }
            )+
        }
    };
}
